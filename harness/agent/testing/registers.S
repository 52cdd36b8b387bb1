// Every register into a hooked function and out again; a jump between functions. See victim.h.
    .macro FOR_GENERAL operation
    \operation rax, 0
    \operation rcx, 8
    \operation rdx, 16
    \operation rsi, 24
    \operation r8, 40
    \operation r9, 48
    \operation r10, 56
    \operation r11, 64
    .endm

    .macro LOAD_GENERAL name, offset
    movq \offset(%rdi), %\name
    .endm
    .macro STORE_GENERAL name, offset
    movq %\name, \offset(%rbx)
    .endm

    .altmacro
    .macro MOVE_VECTORS instruction, kind, count, base, load
    .set index, 0
    .rept \count
    MOVE_ONE \instruction, \kind, %index, \base, \load
    .set index, index + 1
    .endr
    .endm
    .macro MOVE_ONE instruction, kind, number, base, load
    .if \load
    \instruction 128+64*\number(%\base), %\kind\number
    .else
    \instruction %\kind\number, 128+64*\number(%\base)
    .endif
    .endm
    .macro MOVE_MASKS base, load
    .set index, 0
    .rept 8
    MOVE_MASK %index, \base, \load
    .set index, index + 1
    .endr
    .endm
    .macro MOVE_MASK number, base, load
    .if \load
    kmovq 2176+8*\number(%\base), %k\number
    .else
    kmovq %k\number, 2176+8*\number(%\base)
    .endif
    .endm

    // By the width in %r13d.
    .macro MOVE_ALL base, load
    cmpl $32, %r13d
    ja 3f
    je 2f
    MOVE_VECTORS movups, xmm, 16, \base, \load
    jmp 4f
2:  MOVE_VECTORS vmovups, ymm, 16, \base, \load
    jmp 4f
3:  MOVE_VECTORS vmovups, zmm, 32, \base, \load
    MOVE_MASKS \base, \load
4:
    .endm

    .text
    .globl call_register_probe
    .type call_register_probe, @function
call_register_probe:
    .cfi_startproc
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_offset %rbx, -16
    pushq %r12
    .cfi_adjust_cfa_offset 8
    .cfi_offset %r12, -24
    pushq %r13
    .cfi_adjust_cfa_offset 8
    .cfi_offset %r13, -32
    movq %rsi, %r12
    movl %edx, %r13d
    leaq register_seen(%rip), %rbx
    MOVE_ALL rdi, 1
    FOR_GENERAL LOAD_GENERAL
    movq 32(%rdi), %rdi
    call register_probe
    movq %r12, %rbx
    movq %rdi, 32(%rbx)
    FOR_GENERAL STORE_GENERAL
    MOVE_ALL rbx, 0
    popq %r13
    .cfi_adjust_cfa_offset -8
    popq %r12
    .cfi_adjust_cfa_offset -8
    popq %rbx
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_endproc
    .size call_register_probe, . - call_register_probe

    .globl register_probe
    .type register_probe, @function
register_probe:
    .cfi_startproc
    .rept 8
    nop
    .endr
    movq %rdi, 32(%rbx)
    FOR_GENERAL STORE_GENERAL
    MOVE_ALL rbx, 0
    ret
    .cfi_endproc
    .size register_probe, . - register_probe

    .globl enlist_by_jump
    .type enlist_by_jump, @function
enlist_by_jump:
    .cfi_startproc
    .rept 8
    nop
    .endr
    jmp enlist
    .cfi_endproc
    .size enlist_by_jump, . - enlist_by_jump

    .bss
    .globl register_seen
    .balign 64
register_seen:
    .zero 2240 + 64
    .size register_seen, 2240 + 64

    .section .note.GNU-stack, "", @progbits
