// See stub.h. The frame, from %rbp: +16 the caller's return address, +8 the hook's index, later the
// target, 0 the caller's %rbp, -8 and down the registers as in CallFrame. The CFI lets any unwinder
// (ours, the target's exceptions, pthread_exit, a debugger) pass from the hooked function to its caller.

#include "harness/agent/stub_layout.h"

    .macro SAVE_REGISTERS
    movq %r11, -8(%rbp)
    movq %r10, -16(%rbp)
    movq %rax, -24(%rbp)
    movq %r9, -32(%rbp)
    movq %r8, -40(%rbp)
    movq %rcx, -48(%rbp)
    movq %rdx, -56(%rbp)
    movq %rsi, -64(%rbp)
    movq %rdi, -72(%rbp)
    .endm

    .macro RESTORE_REGISTERS
    movq -72(%rbp), %rdi
    movq -64(%rbp), %rsi
    movq -56(%rbp), %rdx
    movq -48(%rbp), %rcx
    movq -40(%rbp), %r8
    movq -32(%rbp), %r9
    movq -24(%rbp), %rax
    movq -16(%rbp), %r10
    movq -8(%rbp), %r11
    .endm

    // Afterwards the frame is gone and %rsp points to the caller's return address.
    .macro LEAVE_FRAME
    movq %rbp, %rsp
    popq %rbp
    .cfi_def_cfa %rsp, 16
    .cfi_restore %rbp
    leaq 8(%rsp), %rsp
    .cfi_def_cfa_offset 8
    .endm

    // Saves vector registers below the frame, leaving %rsp at them; uses %rax, %rdx and flags.
    .macro SAVE_VECTORS
    leaq -FAULTLINE_FRAME(%rbp), %rsp
    subq faultline_vector_bytes(%rip), %rsp
    andq $-64, %rsp
    movl faultline_vector_mask(%rip), %eax
    xorl %edx, %edx
    cmpl $FAULTLINE_XSAVE, faultline_vector_method(%rip)
    jb 1f
    // XRSTOR wants the header's reserved bytes zero and neither XSAVE writes them.
    movq %rdx, 512(%rsp)
    movq %rdx, 520(%rsp)
    movq %rdx, 528(%rsp)
    movq %rdx, 536(%rsp)
    movq %rdx, 544(%rsp)
    movq %rdx, 552(%rsp)
    movq %rdx, 560(%rsp)
    movq %rdx, 568(%rsp)
    ja 2f
    xsave64 (%rsp)
    jmp 3f
1:  fxsave64 (%rsp)
    jmp 3f
2:  xsavec64 (%rsp)
3:
    .endm

    // The opposite; the handlers have left %rsp where SAVE_VECTORS put it.
    .macro RESTORE_VECTORS
    movl faultline_vector_mask(%rip), %eax
    xorl %edx, %edx
    cmpl $FAULTLINE_FXSAVE, faultline_vector_method(%rip)
    je 1f
    xrstor64 (%rsp)
    jmp 2f
1:  fxrstor64 (%rsp)
2:
    .endm

    .text
    .globl faultline_stub
    .hidden faultline_stub
    .type faultline_stub, @function
    .p2align 4
faultline_stub:
    .cfi_startproc
    .cfi_def_cfa_offset 16
    endbr64
    pushq %rbp
    .cfi_def_cfa_offset 24
    .cfi_offset %rbp, -24
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    subq $72, %rsp
    SAVE_REGISTERS
    andq $-16, %rsp
    movl 8(%rbp), %edi
    call faultline_fast_path        // %rax: trampoline, %rdx: not 0 when there is more to do
    testq %rdx, %rdx
    jnz .Lslow
    movq %rax, 8(%rbp)

.Lgo_on:
    .cfi_remember_state
    RESTORE_REGISTERS
    LEAVE_FRAME
    // The target lies just below %rsp, where signal handlers leave 128 bytes alone. No register is
    // free to hold it: with -fipa-ra callers rely on registers that the function does not change.
    notrack jmp *-8(%rsp)
    .cfi_restore_state

.Lslow:
    SAVE_VECTORS
    leaq -FAULTLINE_FRAME(%rbp), %rdi
    call faultline_slow_path
    movl %eax, %r10d
    RESTORE_VECTORS
    cmpl $FAULTLINE_RETURN, %r10d
    jb .Lgo_on
    ja .Lcall

    .cfi_remember_state
    pxor %xmm0, %xmm0
    RESTORE_REGISTERS
    LEAVE_FRAME
    ret
    .cfi_restore_state

.Lcall:
    // Stack arguments are copied to a multiple of 64: where one of them is a vector, its caller has
    // aligned them so too (System V ABI for x86-64, 3.2.2).
    leaq 24(%rbp), %rsi
    movl (FAULTLINE_STACK_WORDS - FAULTLINE_FRAME)(%rbp), %ecx
    leaq -FAULTLINE_FRAME(%rbp), %rsp
    leaq (, %rcx, 8), %rax
    subq %rax, %rsp
    andq $-64, %rsp
    movq %rsp, %rdi
    rep movsq
    RESTORE_REGISTERS
    notrack call *8(%rbp)
    SAVE_REGISTERS
    SAVE_VECTORS
    leaq -FAULTLINE_FRAME(%rbp), %rdi
    call faultline_after_call
    RESTORE_VECTORS
    RESTORE_REGISTERS
    LEAVE_FRAME
    ret
    .cfi_endproc
    .size faultline_stub, . - faultline_stub

    .globl faultline_return
    .hidden faultline_return
    .type faultline_return, @function
    .p2align 4
faultline_return:
    .cfi_startproc
    endbr64
    ret
    .cfi_endproc
    .size faultline_return, . - faultline_return

    // A probe is returned to with %rsp above the return address that it replaced. Until then that
    // address, its entry, stands on the stack: unwinders find there which probe it is, by a mark and
    // the distance in front of the entry where the return address is kept that it stands for.
    .macro PROBE index
    .p2align 5
    .ascii "fltprobe"
    .quad faultline_probe_targets + 8 * \index - .
    pushq faultline_probe_targets + 8 * \index(%rip)
    .cfi_remember_state
    .cfi_def_cfa_offset 8
    .cfi_offset %rip, -8
    pushq $\index
    .cfi_def_cfa_offset 16
    jmp .Lreturned
    .cfi_restore_state
    .endm

    .globl faultline_probes
    .hidden faultline_probes
    .type faultline_probes, @function
    .p2align 5
faultline_probes:
    .cfi_startproc
    .cfi_personality 0x1b, faultline_probe_personality  // DW_EH_PE_pcrel | DW_EH_PE_sdata4
    .cfi_def_cfa %rsp, 0
    // DW_CFA_expression: where the return address is. %rsp - 8, deref (the entry), dup, 16 less,
    // deref (the mark), "fltprobe", eq, bra. Another one stands there after an exception has looked
    // for its handler: drop, %rsp - 8, skip. Else 8 less, dup, deref (the distance), plus.
    .cfi_escape 0x10, 0x10, 0x1f, 0x77, 0x78, 0x06, 0x12, 0x40, 0x1c, 0x06
    .cfi_escape 0x0e, 0x66, 0x6c, 0x74, 0x70, 0x72, 0x6f, 0x62, 0x65, 0x29, 0x28, 0x06, 0x00
    .cfi_escape 0x13, 0x77, 0x78, 0x2f, 0x05, 0x00
    .cfi_escape 0x38, 0x1c, 0x12, 0x06, 0x22
    .irp index, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    PROBE \index
    .endr
    .org faultline_probes + FAULTLINE_PROBES * FAULTLINE_PROBE_STRIDE  // fails when that is behind

.Lreturned:
    .cfi_def_cfa_offset 16
    .cfi_offset %rip, -8
    pushq %rbp
    .cfi_def_cfa_offset 24
    .cfi_offset %rbp, -24
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    subq $72, %rsp
    SAVE_REGISTERS
    SAVE_VECTORS
    leaq -FAULTLINE_FRAME(%rbp), %rdi
    call faultline_after_return
    RESTORE_VECTORS
    RESTORE_REGISTERS
    LEAVE_FRAME
    ret
    .cfi_endproc
    .size faultline_probes, . - faultline_probes

    .section .note.GNU-stack, "", @progbits
