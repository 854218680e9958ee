/* SPDX-License-Identifier: MIT */
/* The arguments that libxl writes, as they were seen, and what it may also write. */
#include <arguments.h>
#include <ringlet/errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arguments got;
static char why[256], notes[4096];

static void note(const char *text)
{
    strcat(strcat(notes, text), "\n");
}

/* The words of a text, separated by blanks. */
static int parse(const char *text)
{
    static char copy[4096];
    const char *argv[128];
    unsigned argc = 0;

    strcpy(copy, text);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    notes[0] = why[0] = '\0';
    return arguments_parse(argv, argc, &got, note, why, sizeof(why));
}

static void noted(const char *text)
{
    if (!strstr(notes, text))
        fail_msg("not noted: %s; but: %s", text, notes);
}

static void refused(const char *more, int error, const char *text)
{
    char all[1024];

    snprintf(all, sizeof(all), "-m 64 %s", more);
    assert_int_equal(parse(all), error);
    if (!strstr(why, text))
        fail_msg("%s: %s", more, why);
}

static void what_libxl_writes(void **state)
{
    (void)state;
    assert_int_equal(
        parse("-xen-domid 1 -no-shutdown -nodefaults -no-user-config -name hvm -display none "
              "-serial /dev/hvc3 -boot order=cda -smp 2,maxcpus=4 -net none -machine "
              "xenfv,suppress-vmdesc=on -m 64 -drive "
              "file=/dev/xvda,if=ide,index=0,media=disk,format=host_device,cache=writeback -drive "
              "if=none,readonly=on,id=ide-5632,file=/dev/xvdc,format=host_device -device "
              "ide-cd,id=ide-5632,drive=ide-5632,bus=ide.1,unit=0"),
        0);
    assert_string_equal(notes, "");
    assert_int_equal(got.domid, 1);
    assert_int_equal(got.memory, 64 << 20);
    assert_int_equal(got.vcpus, 4);
    assert_true(got.xen_platform);
    assert_true(got.serial);
    assert_int_equal(got.console, 3);
    assert_string_equal(got.boot_order, "cda");
    assert_string_equal(got.name, "hvm");
    assert_true(got.drive[0].present);
    assert_false(got.drive[0].cdrom || got.drive[0].readonly || got.drive[0].empty);
    assert_false(got.drive[1].present);
    assert_true(got.drive[2].present && got.drive[2].cdrom && got.drive[2].readonly);
    assert_false(got.drive[2].empty);
}

static void what_is_not_said(void **state)
{
    (void)state;
    assert_int_equal(parse("-m 64 -machine pc,accel=xen"), 0);
    assert_false(got.xen_platform);
    assert_false(got.serial);
    assert_int_equal(got.vcpus, 1);
    assert_string_equal(got.boot_order, "");
    assert_int_equal(parse("-xen-domid 1"), -EINVAL);
    assert_string_equal(why, "-m is missing");
    assert_int_equal(parse(""), -EINVAL);
}

static void drives(void **state)
{
    (void)state;
    assert_int_equal(parse("-m 64 -drive if=ide,index=2,media=cdrom,readonly=on"), 0);
    assert_true(got.drive[2].cdrom && got.drive[2].empty);
    assert_int_equal(parse("-m 64 -drive file=/dev/xvda,if=ide,index=3,readonly=on,format=raw"), 0);
    assert_true(got.drive[3].present && got.drive[3].readonly && !got.drive[3].cdrom);
    assert_int_equal(parse("-m 64 -device ide-cd,drive=x,bus=ide.0,unit=1"), 0);
    assert_true(got.drive[1].cdrom && got.drive[1].empty);
    assert_int_equal(parse("-m 64 -drive file=/a,,b,if=none,id=d,format=raw -device "
                           "ide-hd,drive=d,bus=ide.0,unit=0"),
                     0);
    assert_true(got.drive[0].present && !got.drive[0].cdrom && !got.drive[0].empty);
    refused("-drive file=/dev/xvda,if=ide,index=4,format=raw", -EINVAL, "no place");
    refused("-drive file=/dev/xvda,if=ide,index=99999999999999999999", -EOPNOTSUPP, "IDE");
    refused("-drive file=/dev/xvda,if=ide,index=0 -drive file=/dev/xvdb,if=ide,index=0", -EINVAL,
            "two drives");
    refused("-drive file=/dev/xvda,if=scsi,bus=0,unit=1", -EOPNOTSUPP, "only IDE");
    refused("-drive file=/dev/xvda,if=ide,index=0,format=qcow2", -EOPNOTSUPP, "raw");
    refused("-drive if=ide,index=0,media=disk", -EINVAL, "without a file");
    refused("-device ide-hd,drive=nosuch,bus=ide.0,unit=0", -EINVAL, "no such drive");
    refused("-device ide-cd,drive=x,bus=ide.2,unit=0", -EOPNOTSUPP, "only IDE");
    refused("-device ide-cd,drive=x,bus=ide.1,unit=2", -EINVAL, "unit");
    refused("-device ahci,id=ahci0", -EOPNOTSUPP, "no such device");
}

/* Without these the guest would not be what it was configured to be. */
static void guests_that_would_be_wrong(void **state)
{
    (void)state;
    refused("-kernel /boot/vmlinuz", -EOPNOTSUPP, "-kernel /boot/vmlinuz: not supported");
    refused("-incoming fd:12", -EOPNOTSUPP, "-incoming");
    refused("-hda /dev/sda", -EOPNOTSUPP, "-hda");
    refused("-machine q35", -EOPNOTSUPP, "i440FX");
    refused("-machine pc,igd-passthru=on", -EOPNOTSUPP, "passed through");
    refused("-device scsi-disk", -EOPNOTSUPP, "no such device");
    refused("-device rtl8139,id=nic0,netdev=net0,mac=00:16:3e:00:00:01 -netdev "
            "type=tap,id=net0,ifname=vif5.0-emu",
            -EOPNOTSUPP, "write vif=['type=vif,...']");
    refused("-device e1000,netdev=n", -EOPNOTSUPP, "no network interface");
    refused("-net nic", -EOPNOTSUPP, "-net nic: no network interface");
    refused("-nic user", -EOPNOTSUPP, "no network interface");
    refused("-smp 0", -EINVAL, "vCPUs");
    refused("-smp 2,maxcpus=129", -EINVAL, "vCPUs");
    refused("-smp 200", -EINVAL, "vCPUs");
    refused("-m banana", -EINVAL, "MiB");
    refused("-m 0", -EINVAL, "MiB");
    refused("-m 99999999999", -EINVAL, "MiB");
    refused("-xen-domid 32752", -EINVAL, "domain");
    refused("-xen-domid", -EINVAL, "its value is missing");
}

static void the_guest_does_without_these_and_the_log_names_them(void **state)
{
    (void)state;
    assert_int_equal(parse("-m 64 -device VGA,vgamem_mb=16 -frobnicate 7 -x stray -serial "
                           "/dev/hvc3 -serial /dev/hvc4 -usb -usbdevice tablet -no-reboot"),
                     0);
    noted("-device VGA,vgamem_mb=16: there is no such device; the guest does without");
    noted("-frobnicate 7: not supported");
    noted("-x stray: not supported");
    noted("-usb : not supported");
    noted("-usbdevice tablet: not supported");
    noted("-no-reboot : not supported");
    noted("-serial /dev/hvc4: there is one");
    assert_int_equal(got.console, 3);
    assert_int_equal(parse("-m 64 word \033[2J"), 0);
    noted(" word: not supported");
    noted(" ?[2J: not supported");
}

/* Only what is as it was asked for passes without a line. */
static void a_display_that_is_asked_for_is_named(void **state)
{
    static const char *const options[] = {"-display", "-vga", "-vnc", "-monitor", "-parallel"};
    char all[128];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(options); i++) {
        snprintf(all, sizeof(all), "-m 64 %s none -S", options[i]);
        assert_int_equal(parse(all), 0);
        assert_string_equal(notes, "");
        snprintf(all, sizeof(all), "-m 64 %s some:0", options[i]);
        assert_int_equal(parse(all), 0);
        snprintf(all, sizeof(all), "%s some:0: not supported", options[i]);
        noted(all);
    }
    assert_int_equal(parse("-m 64 -k en-us -chardev socket,id=x -mon chardev=x -D /log"), 0);
    noted("-k en-us: not supported");
    noted("-chardev socket,id=x: not supported");
    noted("-mon chardev=x: not supported");
    noted("-D /log: not supported");
}

static void parts_of_a_value_are_named_too(void **state)
{
    (void)state;
    assert_int_equal(parse("-m 64 -smp 2,sockets=2 -machine pc,accel=xen,usb=off -boot "
                           "order=cdanx,menu=on -drive "
                           "file=/dev/xvda,if=ide,index=0,discard=unmap,cache=none -drive "
                           "file=/dev/xvdb,if=none,id=d,aio=native -device "
                           "ide-hd,drive=d,bus=ide.1,unit=0,serial=7"),
                     0);
    noted("-smp sockets=2: not supported");
    noted("-machine usb=off: not supported");
    noted("-boot x: no such device to boot from");
    noted("-boot n: firmware knows three");
    noted("-boot menu=on: not supported");
    noted("-drive discard=unmap: not supported");
    noted("-drive aio=native: not supported");
    noted("-device serial=7: not supported");
    assert_null(strstr(notes, "cache"));
    assert_string_equal(got.boot_order, "cda");
    assert_int_equal(parse("-m 64 -boot dc"), 0);
    assert_string_equal(got.boot_order, "dc");
    assert_string_equal(notes, "");
    assert_int_equal(parse("-m 64 -boot once=d"), 0);
    assert_string_equal(got.boot_order, "");
    noted("-boot once=d: not supported");
}

static void a_serial_port_that_leads_nowhere(void **state)
{
    (void)state;
    assert_int_equal(parse("-m 64 -serial null"), 0);
    assert_true(got.serial);
    assert_int_equal(got.console, 0);
    assert_int_equal(parse("-m 64 -serial none"), 0);
    assert_false(got.serial);
    assert_int_equal(parse("-m 64 -serial tcp:1.2.3.4:5"), 0);
    assert_true(got.serial && !got.console);
    noted("goes nowhere");
}

/* Any bytes: neither a crash nor an endless loop; the sanitizers look. */
static void nonsense(void **state)
{
    static const char *const words[] = {
        "-drive",  "-device", "ide-cd,",       ",,,,",   "=",       "a=b,c",
        "-m",      "-smp",    "if=ide,index=", "",       "-",       "\xff\xfe",
        "file=,,", "64",      "-boot",         "order=", "-serial", "/dev/hvc"};
    const char *argv[12];

    (void)state;
    srand(1);
    for (unsigned n = 0; n < 20000; n++) {
        unsigned argc = (unsigned)rand() % 12;

        for (unsigned i = 0; i < argc; i++)
            argv[i] = words[(unsigned)rand() % (sizeof(words) / sizeof(words[0]))];
        notes[0] = '\0';
        arguments_parse(argv, argc, &got, note, why, sizeof(why));
    }
}

static void words_of_any_length(void **state)
{
    static char word[ARGUMENT_LENGTH_MAX + 1];
    const char *argv[] = {"-m", "64", "-drive", word, "-name", word};

    (void)state;
    memset(word, ',', ARGUMENT_LENGTH_MAX);
    assert_int_equal(arguments_parse(argv, 4, &got, note, why, sizeof(why)), -EOPNOTSUPP);
    memset(word, 'x', ARGUMENT_LENGTH_MAX);
    assert_int_equal(arguments_parse(argv, 4, &got, note, why, sizeof(why)), -EOPNOTSUPP);
    argv[2] = "-m";
    argv[3] = "64";
    assert_int_equal(arguments_parse(argv, 6, &got, note, why, sizeof(why)), 0);
    assert_int_equal(strlen(got.name), sizeof(got.name) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_libxl_writes),
        cmocka_unit_test(what_is_not_said),
        cmocka_unit_test(drives),
        cmocka_unit_test(guests_that_would_be_wrong),
        cmocka_unit_test(the_guest_does_without_these_and_the_log_names_them),
        cmocka_unit_test(a_display_that_is_asked_for_is_named),
        cmocka_unit_test(parts_of_a_value_are_named_too),
        cmocka_unit_test(a_serial_port_that_leads_nowhere),
        cmocka_unit_test(nonsense),
        cmocka_unit_test(words_of_any_length),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
