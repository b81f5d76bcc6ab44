# A guest without an operating system: 512 bytes that the firmware boots. It answers on its serial port:
#     i   counts up a byte in memory
#     w   counts up the first byte of the disk's second sector
#     p   tells both, as R<hex>D<hex>
# Each answer ends with a line feed; an exclamation mark is sent when it has booted.
        .code16
        .globl  _start
        .set    BUFFER, 0x8000
        .set    MEMORY, 0x9000
        .set    DRIVE, 0x9001
        .set    DATA, 0x3f8
        .set    STATUS, 0x3fd

_start: cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7c00, %sp
        sti
        movb    %dl, DRIVE              # as the firmware gives it
        movb    $0, MEMORY
        movb    $'!', %al
        call    send

wait:   movw    $STATUS, %dx
        inb     %dx, %al
        testb   $1, %al                 # has something arrived?
        jnz     read
        hlt                             # until the next tick of the clock
        jmp     wait

read:   movw    $DATA, %dx
        inb     %dx, %al
        cmpb    $'i', %al
        je      count
        cmpb    $'w', %al
        je      write
        cmpb    $'p', %al
        je      tell
        jmp     wait

count:  incb    MEMORY
        jmp     done

write:  movb    $2, %ah                 # int 13h: read
        call    disk
        incb    BUFFER
        movb    $3, %ah                 # int 13h: write
        call    disk
        jmp     done

tell:   movb    $'R', %al
        call    send
        movb    MEMORY, %al
        call    byte
        movb    $2, %ah
        call    disk
        movb    $'D', %al
        call    send
        movb    BUFFER, %al
        call    byte

done:   movb    $'\n', %al
        call    send
        jmp     wait

disk:   movb    $1, %al                 # one sector:
        movw    $2, %cx                 # cylinder 0, sector 2,
        movb    $0, %dh                 # head 0
        movb    DRIVE, %dl
        movw    $BUFFER, %bx
        int     $0x13
        ret

byte:   pushw   %ax
        shrb    $4, %al
        call    digit
        popw    %ax
        andb    $15, %al
digit:  addb    $'0', %al
        cmpb    $'9', %al
        jbe     send
        addb    $39, %al                # 'a' follows '9' there
send:   pushw   %ax
full:   movw    $STATUS, %dx
        inb     %dx, %al
        testb   $0x20, %al              # has the last byte gone?
        jz      full
        popw    %ax
        movw    $DATA, %dx
        outb    %al, %dx
        ret

        .org    510
        .word   0xaa55
