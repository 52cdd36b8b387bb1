/* The page that tools/page/build made, embedded as it is. */
  .section .rodata
  .global faultline_page_begin
  .global faultline_page_end
  .hidden faultline_page_begin
  .hidden faultline_page_end
faultline_page_begin:
  .incbin "page.html"
faultline_page_end:
  .byte 0
  .section .note.GNU-stack, "", @progbits
