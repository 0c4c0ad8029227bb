/* SPDX-License-Identifier: MIT */
#include "boot.h"

#include "abi/xen.h"

u32 nr_failed;
static char line[8192];
static u32 line_length, memory_left;
static char *memory;

void exception(u64 esr, u64 pc, u64 address);

void *memset(void *to, int value, size_t n)
{
    for (volatile u8 *p = to; n--; p++) {
        *p = (u8)value;
    }
    return to;
}

s64 hypercall(u64 number, u64 a, u64 b, u64 c)
{
    register u64 x0 __asm__("x0") = a;
    register u64 x1 __asm__("x1") = b;
    register u64 x2 __asm__("x2") = c;
    register u64 x3 __asm__("x3") = 0;
    register u64 x4 __asm__("x4") = 0;
    register u64 x16 __asm__("x16") = number;
    __asm__ volatile("hvc #0xea1"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x16)::"memory");
    return (s64)x0;
}

s64 firmware_call(u64 function, u64 a, u64 b, u64 c)
{
    register u64 x0 __asm__("x0") = function;
    register u64 x1 __asm__("x1") = a;
    register u64 x2 __asm__("x2") = b;
    register u64 x3 __asm__("x3") = c;
    __asm__ volatile("hvc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory", "x4", "x5", "x6", "x7",
                       "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17");
    return (s64)x0;
}

void power_off(void)
{
    firmware_call(0x84000008, 0, 0, 0);
    for (;;) {
    }
}

void say(const char *text)
{
    while (*text && line_length < sizeof(line)) {
        line[line_length++] = *text++;
    }
}

void say_number(u64 value, u32 base)
{
    char digits[20];
    int n = 0;
    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    say(base == 16 ? "0x" : "");
    while (n--) {
        const char digit[2] = {digits[n]};
        say(digit);
    }
}

void say_to(char *to, u32 bytes)
{
    memory = to;
    memory_left = bytes - 1;
}

void say_end(void)
{
    say("\n");
    if (!memory) {
        hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, line_length, (u64)line);
    }
    for (u32 i = 0; memory && i < line_length && memory_left; i++, memory_left--) {
        *memory++ = line[i];
    }
    line_length = 0;
}

void failed(const char *what, u64 value)
{
    nr_failed++;
    say("@@PROBE-FAIL ");
    say(what);
    say(" ");
    say_number(value, 16);
    say_end();
}

void exception(u64 esr, u64 pc, u64 address)
{
    failed("exception, syndrome", esr);
    failed("exception at", pc - (u64)_start);
    failed("exception, address", address);
    power_off();
}
