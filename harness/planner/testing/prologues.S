// One function for each shape that a prologue can have, for relocator_test.cc. All are C functions
// `long name(long)`; what they do is said at each. "refused" ones are never run.
        .text
        .intel_syntax noprefix

        .macro function name
        .p2align 4, 0x90
        .globl \name
        .type \name, @function
\name:
        .endm
        .macro end_function name
        .size \name, . - \name
        .endm

function plain                  // argument + 1
        push rbp
        mov rbp, rsp
        lea rax, [rdi + 1]
        pop rbp
        ret
end_function plain

function with_endbr64           // argument + 2
        endbr64
        lea rax, [rdi + 2]
        nop
        ret
end_function with_endbr64

function short_with_padding     // argument
        mov rax, rdi
        ret
end_function short_with_padding

function endbr64_and_ret        // returns; rax as it was
        endbr64
        ret
end_function endbr64_and_ret

function rip_relative_load      // number (5)
        mov rax, [rip + number]
        ret
end_function rip_relative_load

function rip_relative_immediate // 1 when number == 5, else 0: an immediate follows the displacement
        cmp qword ptr [rip + number], 5
        sete al
        movzx eax, al
        ret
end_function rip_relative_immediate

function short_jcc              // 10 when the argument is 0, else 20: jcc rel8 is widened
        test rdi, rdi
        .byte 0x74, 1f - (. + 2)
        mov eax, 20
        ret
1:      mov eax, 10
        ret
end_function short_jcc

function long_jcc               // the same with jcc rel32
        test rdi, rdi
        .byte 0x0f, 0x84
        .long 1f - (. + 4)
        mov eax, 20
        ret
        .skip 200, 0x90
1:      mov eax, 10
        ret
end_function long_jcc

function tail_jump              // as plain: jmp rel32 is the whole function
        .byte 0xe9
        .long plain - (. + 4)
end_function tail_jump

function short_tail_jump        // as tail_jump: jmp rel8 and padding
        .byte 0xeb, tail_jump - (. + 1)
end_function short_tail_jump

function indirect_tail_jump     // as plain, by a pointer in memory
        jmp [rip + pointer_to_plain]
end_function indirect_tail_jump

function call_first             // plain(argument) + 100: the call is displaced
        call plain
        add rax, 100
        ret
end_function call_first

function call_second            // plain(argument) * 2, the stack aligned first
        push rbx
        call plain
        pop rbx
        add rax, rax
        ret
end_function call_second

function indirect_call          // plain(argument) + 200, by a pointer in memory
        call [rip + pointer_to_plain]
        add rax, 200
        ret
end_function indirect_call

function register_call          // plain(argument) + 300, by a register in the last displaced place
        mov eax, 0
        lea rax, [rip + plain]
        call rax
        add rax, 300
        ret
end_function register_call

function call_by_register_last  // plain(argument) + 400
        push rbx
        mov rbx, [rsi]
        call rbx
        add rax, 400
        pop rbx
        ret
end_function call_by_register_last

function loops_to_entry         // counts the argument down to 0, then 7
        sub rdi, 1
        nop
        jns loops_to_entry
        mov eax, 7
        ret
end_function loops_to_entry

function call_returns_into_patch  // refused
        call rax
        add rax, 1
        ret
end_function call_returns_into_patch

function call_by_stack          // refused
        nop
        call [rsp + 16]
        ret
end_function call_by_stack

function with_loop              // refused
        .byte 0xe2, 4
        mov rax, rdi
        ret
        nop
        ret
end_function with_loop

function with_jrcxz             // refused
        .byte 0xe3, 4
        mov rax, rdi
        ret
        nop
        ret
end_function with_jrcxz

function with_xbegin            // refused
        xbegin 1f
        xend
1:      ret
end_function with_xbegin

function branch_into_prologue   // refused: jumped to at +2
        xor eax, eax
1:      add rax, rdi
        dec rdi
        jnz 1b
        ret
end_function branch_into_prologue

function flow_ends_inside       // refused: `xor; jmp +N`, other code at +4
        xor eax, eax
        .byte 0xeb, 3
1:      add rax, rdi
        dec rdi
        jnz 1b
        ret
end_function flow_ends_inside

function no_instruction         // refused
        .byte 0x06, 0x06, 0x06, 0x06, 0x06
end_function no_instruction

        .p2align 4, 0x90
        .globl too_short
        .type too_short, @function
too_short:                      // refused: a neighbour follows at once
        xor eax, eax
        ret
        .size too_short, . - too_short
        .globl neighbour
        .type neighbour, @function
neighbour:                      // argument + 3
        lea rax, [rdi + 3]
        ret
        nop
        .size neighbour, . - neighbour

function falls_through          // refused: runs on into the next function
        xor eax, eax
        .size falls_through, . - falls_through
        .globl fallen_into
        .type fallen_into, @function
fallen_into:
        mov rax, rdi
        add rax, 9
        ret
end_function fallen_into

function two_entries            // refused: a second entry lies in the patch
        push rbp
        .globl second_entry
        .type second_entry, @function
second_entry:
        mov rax, rdi
        mov rax, rax
        ret
end_function two_entries
        .size second_entry, . - second_entry

function size_from_next         // argument + 4; its symbol has no size
        lea rax, [rdi + 4]
        nop
        ret

        .p2align 4, 0x90
        .globl label_without_type
label_without_type:             // argument + 5; assembly that says neither type nor size
        lea rax, [rdi + 5]
        nop
        ret

        .data
        .p2align 3
number: .quad 5
        .section .data.rel, "aw"
        .p2align 3
pointer_to_plain: .quad plain
        .section .note.GNU-stack, "", @progbits
