/* SPDX-License-Identifier: MIT */
/*
 * The smallest disk that shows a device model at work: prints on the serial port, reads the next
 * sector through the BIOS, prints its text, writes the sector after that, reads it again, and halts
 * for good, which Xen takes as the end of the guest.
 */
	.code16
	.globl _start
_start:
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp
	movb	%dl, drive
	movw	$hello, %si
	call	print

	movw	$0x8000, packet_offset
	movb	$0x42, %ah		/* extended read */
	call	disk
	jc	failed
	movw	$0x8000, %si
	call	print

	movw	$0x8200, %di		/* another sector, whose bytes say where they are */
	movw	$256, %cx
	movw	$0x5aa5, %ax
1:	stosw
	addw	$0x0101, %ax
	loop	1b
	movw	$0x8200, packet_offset
	incw	packet_sector
	movb	$0x43, %ah
	call	disk
	jc	failed
	movw	$0x8400, packet_offset
	movb	$0x42, %ah
	call	disk
	jc	failed
	movw	$0x8200, %si
	movw	$0x8400, %di
	movw	$256, %cx
	repe cmpsw
	jne	failed
	movw	$done, %si
	call	print
	jmp	stop
failed:
	movw	$error, %si
	call	print
stop:
	cli
	hlt
	jmp	stop

disk:	movb	drive, %dl
	movw	$packet, %si
	movb	$0, %al
	int	$0x13
	ret

/* prints the text at %si, up to a zero byte */
print:	lodsb
	testb	%al, %al
	jz	2f
	movb	%al, %bl
	movw	$0x3fd, %dx
	movw	$0xffff, %cx
1:	inb	%dx, %al
	testb	$0x20, %al
	loopz	1b
	movb	%bl, %al
	movw	$0x3f8, %dx
	outb	%al, %dx
	jmp	print
2:	ret

hello:	.asciz	"HELLO from the boot sector\r\n"
done:	.asciz	"DONE\r\n"
error:	.asciz	"FAILED\r\n"
drive:	.byte	0
	.balign	4
packet:	.byte	16, 0
	.word	1
packet_offset:
	.word	0x8000, 0
packet_sector:
	.long	1, 0
	.org	510
	.word	0xaa55
	.ascii	"SECTOR 1 of the disk\r\n\0"
	.org	16 * 512
