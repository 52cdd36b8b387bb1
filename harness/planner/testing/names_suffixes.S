// Names as compilers append to them, without relying on one to do it.
        .text
        .macro function name
        .p2align 4, 0x90
        .type "\name", @function
"\name":
        lea 1(%rdi), %rax
        nop
        ret
        .size "\name", . - "\name"
        .endm

        .globl split
        function split
        function split.cold
        function only_variant.constprop.0
        function both
        function both.isra.0
        function across_files.lto_priv.0
        function across_files.lto_priv.1
        .globl split, both
        .section .note.GNU-stack, "", @progbits
