#pragma once

// What stub.S and the C++ handlers agree on; included by both.
#define FAULTLINE_FRAME 200      /* CallFrame starts this many bytes below the stub's %rbp */
#define FAULTLINE_STACK_WORDS 20 /* offset of CallFrame::pending.stack_words, 32 bits */

/* What faultline_slow_path answers. */
#define FAULTLINE_GO_ON 0  /* jump on to CallFrame::target */
#define FAULTLINE_RETURN 1 /* return CallFrame::rax to the caller; xmm0 is zero */
#define FAULTLINE_CALL 2   /* call CallFrame::target, then faultline_after_call, then return */

/* How vector registers are saved around the C++ handlers. */
#define FAULTLINE_FXSAVE 0
#define FAULTLINE_XSAVE 1
#define FAULTLINE_XSAVEC 2

/* Return addresses that are replaced to see what functions return, see return_trace.h. */
#define FAULTLINE_PROBES 12       /* how many there are */
#define FAULTLINE_PROBE_STRIDE 32 /* bytes from one to the next */
#define FAULTLINE_PROBE_ENTRY 16  /* where in these the replaced address leads to */
