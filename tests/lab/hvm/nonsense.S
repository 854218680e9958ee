/* SPDX-License-Identifier: MIT */
/*
 * A hostile guest: for some seconds (the word at 508) it reads and writes random values, of each
 * width and also by string instructions, at the ports and PCI registers of a PC's devices, starts
 * transfers of the disk with nonsense for descriptors, and then says so on the serial port and
 * halts. Ports that end the machine (reset, power off) are left out, so that it goes on.
 */
	.code16
	.globl _start
_start:
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp
	cld
	/* the rest of this program */
	movw	$packet, %si
	movb	$0x42, %ah
	int	$0x13
	jc	stop
	jmp	begin
stop:
	cli
	hlt
	jmp	stop
	.balign	4
packet:	.byte	16, 0
	.word	3, 0x7e00, 0
	.long	1, 0
	.org	504
seed:	.long	0x2545f491
seconds:
	.word	5
	.word	0xaa55

begin:
	cli
	movw	$hello, %si
	call	print
	movzwl	seconds, %eax
	imull	$3579545, %eax		/* of the ACPI timer, which is Xen's */
	movl	%eax, left
	movw	$0xb008, %dx
	inl	%dx, %eax
	movl	%eax, last
	/* a table of descriptors that is nonsense, in guest memory and beyond it */
	movw	$0x9000, %di
	movw	$1024, %cx
1:	call	random
	stosl
	loop	1b

again:
	call	random
	movzbw	%al, %bx
	andw	$63, %bx
	cmpw	$(ports_end - ports) / 2, %bx
	jae	again
	shlw	$1, %bx
	movw	ports(%bx), %dx
	call	random
	movb	%al, %cl
	andb	$7, %cl			/* what to do */
	call	random			/* %eax: the value */
	cmpb	$0, %cl
	je	out8
	cmpb	$1, %cl
	je	out16
	cmpb	$2, %cl
	je	out32
	cmpb	$3, %cl
	je	in8
	cmpb	$4, %cl
	je	in16
	cmpb	$5, %cl
	je	strings
	cmpb	$6, %cl
	je	pci
	jmp	dma
out8:	outb	%al, %dx
	jmp	next
out16:	outw	%ax, %dx
	jmp	next
out32:	outl	%eax, %dx
	jmp	next
in8:	inb	%dx, %al
	jmp	next
in16:	inw	%dx, %ax
	inl	%dx, %eax
	jmp	next
strings:
	movw	$0xa000, %di
	movw	%di, %si
	movw	$300, %cx
	rep insw
	movw	$300, %cx
	rep outsw
	jmp	next
pci:	/* a register of one of the functions of the first four devices */
	andl	$0x00001bfc, %eax
	orl	$0x80000000, %eax
	movw	$0xcf8, %dx
	outl	%eax, %dx
	call	random
	andb	$3, %al
	movzbw	%al, %dx
	addw	$0xcfc, %dx
	call	random
	movb	%al, %cl
	call	random
	testb	$1, %cl
	jz	1f
	outb	%al, %dx
	jmp	next
1:	inb	%dx, %al
	jmp	next
dma:	/* the bus master's registers, wherever the BIOS has put them, with a table that is nonsense */
	movl	$0x80000920, %eax
	movw	$0xcf8, %dx
	outl	%eax, %dx
	movw	$0xcfc, %dx
	inl	%dx, %eax
	andw	$0xfff0, %ax
	jz	next
	movw	%ax, %bp
	movw	$0xcf8, %dx
	movl	$0x80000904, %eax
	outl	%eax, %dx
	movw	$0xcfc, %dx
	movw	$5, %ax
	outw	%ax, %dx
	movw	%bp, %dx
	addw	$4, %dx
	call	random
	testb	$1, %al
	jz	1f
	movl	$0x9000, %eax
1:	outl	%eax, %dx
	/* read or write, by DMA, a sector of the first 256 */
	movw	$0x1f6, %dx
	movb	$0xe0, %al
	outb	%al, %dx
	movw	$0x1f2, %dx
	call	random
	outb	%al, %dx
	incw	%dx
	outb	%al, %dx
	incw	%dx
	xorb	%al, %al
	outb	%al, %dx
	incw	%dx
	outb	%al, %dx
	movw	$0x1f7, %dx
	call	random
	movb	$0xc8, %bl
	testb	$1, %al
	jz	2f
	movb	$0xca, %bl
2:	movb	%bl, %al
	outb	%al, %dx
	movw	%bp, %dx
	call	random
	andb	$9, %al
	outb	%al, %dx
next:
	incl	rounds
	testb	$63, rounds
	jnz	again
	movw	$0xb008, %dx
	inl	%dx, %eax
	movl	%eax, %ebx
	xchgl	last, %ebx
	subl	%ebx, %eax
	andl	$0xffffff, %eax		/* it has 24 bits at least */
	subl	%eax, left
	jns	again

	/* the serial port as it should be */
	movw	$0x3fb, %dx
	movb	$3, %al
	outb	%al, %dx
	movw	$0x3fc, %dx
	movb	$0, %al
	outb	%al, %dx
	movw	$0x3f9, %dx
	outb	%al, %dx
	movw	$done, %si
	call	print
	jmp	stop

/* %eax: the next of a xorshift of 32 bits */
random:	movl	seed, %eax
	pushl	%ebx
	movl	%eax, %ebx
	shll	$13, %ebx
	xorl	%ebx, %eax
	movl	%eax, %ebx
	shrl	$17, %ebx
	xorl	%ebx, %eax
	movl	%eax, %ebx
	shll	$5, %ebx
	xorl	%ebx, %eax
	popl	%ebx
	movl	%eax, seed
	ret

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

/* 8042, DMA, CMOS, IDE, serial, floppy, platform device, ACPI, QEMU's, and some that nobody has */
ports:	.word	0x60, 0x61, 0x00, 0x04, 0x08, 0x0d, 0x81, 0x87, 0xc0, 0xd4, 0xd6, 0xda, 0x70, 0x71, 0x80, 0xf0
	.word	0x1f0, 0x1f1, 0x1f2, 0x1f3, 0x1f4, 0x1f5, 0x1f6, 0x1f7, 0x3f6, 0x1f0, 0x1f7, 0x1f6, 0x1f2, 0x1f7
	.word	0x170, 0x171, 0x172, 0x173, 0x174, 0x175, 0x176, 0x177, 0x376, 0x170, 0x177
	.word	0x3f8, 0x3f9, 0x3fa, 0x3fb, 0x3fc, 0x3fd, 0x3fe, 0x3ff, 0x3f1, 0x3f4, 0x3f5
	.word	0x10, 0x12, 0x14, 0xb2, 0xb3, 0x402, 0x510, 0x511, 0xafe0, 0xae00, 0xb100
ports_end:
left:	.long	0
last:	.long	0
rounds:	.long	0
hello:	.asciz	"NONSENSE begins\r\n"
done:	.asciz	"\r\nNONSENSE ends\r\n"
	.org	16 * 512
