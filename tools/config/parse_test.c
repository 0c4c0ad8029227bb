// SPDX-License-Identifier: MIT
#include "config/hear_test.h"

#include <errno.h>
#include <stdlib.h>

#include "config/parse.h"
#include "lib/failing.h"
#include "lib/text.h"

static struct config_tree tree;
static struct config_report report;
static struct config_source sources[4];

/* Reads a file's text, then arguments (up to the first NULL); answers what config_say() does. */
static int read_bytes(const char *text, size_t size, const char *arg1, const char *arg2)
{
    sources[0] = (struct config_source){.name = "a.cfg", .data = text, .size = size};
    sources[1] = (struct config_source){.data = arg1, .size = arg1 == NULL ? 0 : strlen(arg1)};
    sources[2] = (struct config_source){.data = arg2, .size = arg2 == NULL ? 0 : strlen(arg2)};
    report = (struct config_report){.source = sources, .nr_sources = 3};
    config_tree_fini(&tree);
    heard_nothing();
    int err = 0;
    for (unsigned n = 0; n < 3 && err == 0; n++) {
        err = config_parse(&report, n, &tree);
    }
    return config_say(&report);
}

static int read_text(const char *text)
{
    return read_bytes(text, strlen(text), NULL, NULL);
}

static const char *string_of(const char *name)
{
    const struct config_value *v = config_find(&tree, name);
    assert_non_null(v);
    assert_non_null(v->string);
    return v->string;
}

static int64_t number_of(const char *name)
{
    const struct config_value *v = config_find(&tree, name);
    assert_non_null(v);
    int64_t n;
    assert_true(config_value_number(v, &n));
    return n;
}

static void numbers(void **state)
{
    assert_int_equal(read_text("a=1\nb = 0x1F ; c=017;; d=-3 # four\n e = \"42\"\r\nf='0x10'"), 0);
    assert_string_equal(heard, "");
    assert_int_equal(number_of("a"), 1);
    assert_int_equal(number_of("b"), 31);
    assert_int_equal(number_of("c"), 15);
    assert_int_equal(number_of("d"), -3);
    assert_int_equal(number_of("e"), 42);
    assert_int_equal(number_of("f"), 16);
    assert_int_equal(config_find(&tree, "e")->type, CONFIG_STRING);
    assert_int_equal(config_find(&tree, "a")->type, CONFIG_NUMBER);
    assert_int_equal(read_text("a=9223372036854775807\n"), 0);
    assert_int_equal(number_of("a"), INT64_MAX);
    assert_int_equal(read_text("a=9223372036854775808\nb=08\nc=0x\nd=12M\ne=-\n"), -EINVAL);
    assert_heard("a.cfg:1:3: \"9223372036854775808\" is no number");
    assert_heard("a.cfg:2:3: \"08\" is no number");
    assert_heard("a.cfg:3:3: \"0x\" is no number");
    assert_heard("a.cfg:4:3: \"12M\" is no number");
    assert_heard("a.cfg:5:3: \"-\" is no number");
}

static void strings(void **state)
{
    assert_int_equal(read_text("a='x y'\nb=\"it's # ; no comment\"\nc='say \"x\"'\nd=''"), 0);
    assert_string_equal(string_of("a"), "x y");
    assert_string_equal(string_of("b"), "it's # ; no comment");
    assert_string_equal(string_of("c"), "say \"x\"");
    assert_string_equal(string_of("d"), "");
    assert_int_equal(read_text("a='\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\\"\\x41\\x4g\\101\\7z'"), 0);
    assert_string_equal(string_of("a"), "\a\b\f\n\r\t\v\\'\"A\x04gA\az");
    assert_int_equal(read_text("\xef\xbb\xbf"
                               "a='\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7'"),
                     0);
    assert_string_equal(string_of("a"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7");
}

static void bad_strings(void **state)
{
    assert_int_equal(read_text("a='x\nb=2\n"), -EINVAL);
    assert_string_equal(heard, "error: a.cfg:1:3: the string has no closing ' on its line\n"
                               "    a='x\n"
                               "      ^\n");
    assert_int_equal(number_of("b"), 2);
    static const char *const escapes[] = {"a='\\q'",   "a='\\x'", "a='\\0'", "a='\\x00'",
                                          "a='\\400'", "a='\\8'", "a='\\' "};
    for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++) {
        assert_int_equal(read_text(escapes[i]), -EINVAL);
        assert_heard(i == 6 ? "a.cfg:1:3: the string has no closing" : "a.cfg:1:4: after \\ comes");
        assert_null(config_find(&tree, "a"));
    }
    static const char nul[] = "a='x\0y'\n";
    assert_int_equal(read_bytes(nul, sizeof(nul) - 1, NULL, NULL), -EINVAL);
    assert_heard("a.cfg:1:5: a NUL byte in a string");
    /* The first and last character of each length are good */
    assert_int_equal(read_text("a='\x01\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80"
                               "\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf'"),
                     0);
    static const char *const utf8[] = {"\x80",
                                       "\xc0\xaf",
                                       "\xe0\x80\xaf",
                                       "\xed\xa0\x80",
                                       "\xf0\x80\x80\x80",
                                       "\xf4\x90\x80\x80",
                                       "\xf5\x80",
                                       "\xc3",
                                       "\xff"};
    for (size_t i = 0; i < sizeof(utf8) / sizeof(*utf8); i++) {
        char text[16];
        snprintf(text, sizeof(text), "a='%s'", utf8[i]);
        assert_int_equal(read_text(text), -EINVAL);
        assert_heard("a.cfg:1:3: the string is not UTF-8");
    }
}

static void lists(void **state)
{
    assert_int_equal(read_text("a=[]\nb=[1, 'two' ,[3],]\nc = [ # first\n\n 'x',\r\n  'y' # last\n]"
                               "; d=1"),
                     0);
    assert_int_equal(config_find(&tree, "a")->nr_items, 0);
    const struct config_value *b = config_find(&tree, "b");
    assert_int_equal(b->nr_items, 3);
    assert_int_equal(b->item[0].type, CONFIG_NUMBER);
    assert_string_equal(b->item[1].string, "two");
    assert_int_equal(b->item[2].nr_items, 1);
    assert_int_equal(b->item[1].at.line, 2);
    assert_int_equal(b->item[1].at.column, 7);
    const struct config_value *c = config_find(&tree, "c");
    assert_int_equal(c->nr_items, 2);
    assert_int_equal(c->item[1].at.line, 6);
    assert_int_equal(c->item[1].at.column, 3);
    assert_int_equal(number_of("d"), 1);
    assert_int_equal(read_text("a=[[[[[[[[1]]]]]]]]"), 0);
    assert_int_equal(read_text("a=[[[[[[[[[1]]]]]]]]]\nb=1"), -EINVAL);
    assert_heard("a.cfg:1:11: lists in lists, more than 8 deep");
    assert_int_equal(number_of("b"), 1);
}

static void bad_lists(void **state)
{
    assert_int_equal(read_text("a=['x' 'y',\n 'z']\nb=1\n"), -EINVAL);
    assert_string_equal(heard, "error: a.cfg:1:8: a comma or ] is missing here\n"
                               "    a=['x' 'y',\n"
                               "           ^\n");
    assert_int_equal(number_of("b"), 1);
    assert_int_equal(read_text("a=['x',\nb=1\n"), -EINVAL);
    assert_heard("error: a.cfg:1:3: the list has no closing ]");
    assert_int_equal(report.nr_errors, 1);
    assert_int_equal(number_of("b"), 1);
    assert_int_equal(read_text("a=[1,,2]\n"), -EINVAL);
    assert_heard("a.cfg:1:6: a value is missing");
    assert_int_equal(read_text("a=[,]\n"), -EINVAL);
    assert_int_equal(read_text("a=[1"), -EINVAL);
    assert_heard("a.cfg:1:3: the list has no closing ]");
    assert_int_equal(read_text("a=[ 'x\n 'y' ]\nb=2"), -EINVAL);
    assert_int_equal(report.nr_errors, 1);
    assert_int_equal(number_of("b"), 2);
}

static void appending(void **state)
{
    assert_int_equal(read_text("a='x'\na+='y'\na += \"z\"\nl=['1']\nl+=['2','3']\nnew+='n'"), 0);
    assert_string_equal(string_of("a"), "xyz");
    assert_string_equal(string_of("new"), "n");
    assert_int_equal(config_find(&tree, "l")->nr_items, 3);
    assert_string_equal(config_find(&tree, "l")->item[2].string, "3");
    assert_int_equal(config_find(&tree, "l")->item[2].at.line, 5);
    assert_int_equal(read_text("a='x'\na+=['y']\nb=1\nb+=2\nc=[]\nc+='x'\n"), -EINVAL);
    assert_heard("a.cfg:2:4: a += cannot add a list to a string");
    assert_heard("a.cfg:4:4: b += cannot add a number to a number");
    assert_heard("a.cfg:6:4: c += cannot add a string to a list");
}

static void said_twice(void **state)
{
    assert_int_equal(read_text("a=1\nb=2\n  a=3\n"), 0);
    assert_string_equal(heard, "warning: a.cfg:3:3: a was said before, in line 1; this one counts\n"
                               "      a=3\n"
                               "      ^\n");
    assert_int_equal(number_of("a"), 3);
    assert_int_equal(read_bytes("a=1\n", 4, "a=7", "b='x'; a=9"), 0);
    assert_string_equal(heard, "");
    assert_int_equal(number_of("a"), 9);
}

static void arguments(void **state)
{
    assert_int_equal(read_bytes("", 0, "name=web", "extra=console=hvc0 root=/dev/xvda ; l=[x,2]"),
                     0);
    assert_string_equal(string_of("name"), "web");
    assert_string_equal(string_of("extra"), "console=hvc0 root=/dev/xvda");
    assert_string_equal(config_find(&tree, "l")->item[0].string, "x");
    assert_int_equal(config_find(&tree, "l")->item[1].type, CONFIG_NUMBER);
    assert_int_equal(read_bytes("", 0, "name='web", "a="), -EINVAL);
    assert_string_equal(heard, "error: command line:6: the string has no closing ' on its line\n"
                               "    name='web\n"
                               "         ^\n"
                               "error: command line:3: a value is missing: a number, a string in "
                               "quotes or a list in []\n"
                               "    a=\n"
                               "      ^\n");
    assert_int_equal(read_text("name=web\n"), -EINVAL);
    assert_heard("a.cfg:1:6: a string needs quotes: \"web\"");
}

static void bad_assignments(void **state)
{
    assert_int_equal(read_text("import os\n= 3\na b\nx=1 y=2\nc +d\nok=1\n\x01=3\n"), -EINVAL);
    assert_heard("a.cfg:1:8: = is missing after \"import\"");
    assert_heard("a.cfg:2:1: the name of a key is expected here");
    assert_heard("a.cfg:3:3: = is missing after \"a\"");
    assert_heard("a.cfg:4:5: the value ends before this");
    assert_heard("a.cfg:5:3: = is missing after \"c\"");
    assert_heard("a.cfg:7:1: the name of a key is expected here\n    ?=3\n    ^\n");
    assert_int_equal(report.nr_errors, 6);
    assert_int_equal(number_of("ok"), 1);
    assert_int_equal(tree.nr_settings, 1);
}

static void positions(void **state)
{
    /* Columns count characters; within a string a place is known unless escapes or += blur it */
    assert_int_equal(read_text("n='\xc3\xa9'; a='p\xc3\xa9x,y'\nb='\\tx'\nc='x'\nc+='y'\n"), 0);
    struct config_place at = config_place_within(config_find(&tree, "a"), 5);
    assert_int_equal(at.line, 1);
    assert_int_equal(at.column, 15);
    at = config_place_within(config_find(&tree, "b"), 1);
    assert_int_equal(at.column, 3);
    at = config_place_within(config_find(&tree, "c"), 1);
    assert_int_equal(at.column, 3);
}

static void quoted_lines(void **state)
{
    struct text long_line = {0};
    text_pad(&long_line, ' ', 300);
    text_add(&long_line, "\ta\xc3\xa9=?");
    text_pad(&long_line, 'z', 300);
    assert_int_equal(read_text(text_string(&long_line)), -EINVAL);
    assert_heard("a.cfg:1:303: = is missing after \"a\"");
    /* seventy blanks, then the caret; four of indentation */
    char caret[80];
    snprintf(caret, sizeof(caret), "\n%74s^\n", "");
    assert_heard(caret);
    /* Behind the caret seventy characters, too: "=?" and 67 z and the one at the caret */
    assert_non_null(strstr(heard, "\xc3\xa9=?zzzz"));
    assert_int_equal(strspn(strchr(heard, '?') + 1, "z"), 68);
    text_fini(&long_line);
    assert_int_equal(read_text("\ta=x\x1b[31m\n"), -EINVAL);
    assert_heard("\n     a=x?[31m\n       ^\n");
}

static void arguments_are_utf8(void **state)
{
    assert_int_equal(read_bytes("", 0, "name=\xff", NULL), -EINVAL);
    assert_heard("error: command line:6: the string is not UTF-8");
    assert_int_equal(read_bytes("", 0, "name=\xc3\xa9", "l=[a b]"), -EINVAL);
    assert_heard("error: command line:6: a comma or ] is missing here");
    assert_string_equal(string_of("name"), "\xc3\xa9");
}

static void many_warnings(void **state)
{
    struct text many = {0};
    for (int i = 0; i < 30; i++) {
        text_add(&many, "a=%d\n", i);
    }
    assert_int_equal(read_text(text_string(&many)), 0);
    text_fini(&many);
    assert_heard("warning: a.cfg:21:1: a was said before, in line 20");
    assert_null(strstr(heard, "a.cfg:22:1"));
    assert_heard("warning: 9 more warnings are not shown\n");
    assert_int_equal(number_of("a"), 29);
}

/* Findings come in the order of the text, those about the whole last. */
static void in_order(void **state)
{
    static const struct config_source s[2] = {{.name = "a.cfg", .data = "x\ny\n", .size = 4},
                                              {.data = "z", .size = 1}};
    report = (struct config_report){.source = s, .nr_sources = 2};
    heard_nothing();
    config_wrong(&report, (struct config_place){.source = 1, .line = 1, .column = 1}, "five");
    config_wrong(&report, (struct config_place){0}, "four");
    config_odd(&report, (struct config_place){.line = 2, .column = 1}, "three");
    config_wrong(&report, (struct config_place){.line = 1, .column = 2}, "two");
    config_wrong(&report, (struct config_place){.line = 1, .column = 1}, "one");
    config_wrong(&report, (struct config_place){.line = 1, .column = 1}, "one, too\n\x1b");
    assert_int_equal(config_say(&report), -EINVAL);
    assert_string_equal(heard, "error: a.cfg:1:1: one\n    x\n    ^\n"
                               "error: a.cfg:1:1: one, too??\n    x\n    ^\n"
                               "error: a.cfg:1:2: two\n    x\n     ^\n"
                               "warning: a.cfg:2:1: three\n    y\n    ^\n"
                               "error: a.cfg: four\n"
                               "error: command line:1: five\n    z\n    ^\n");
}

static void bounds(void **state)
{
    struct text many = {0};
    for (int i = 0; i < 4100; i++) {
        text_add(&many, "a%d=!\n", i % 7);
    }
    assert_int_equal(read_text(text_string(&many)), -EINVAL);
    assert_int_equal(report.nr_findings, CONFIG_MAX_FINDINGS);
    assert_heard("error: 4077 more errors are not shown");
    text_cut(&many, 0);
    for (int i = 0; i < 4097; i++) {
        text_add(&many, "a+='x'\n");
    }
    assert_int_equal(read_text(text_string(&many)), -EINVAL);
    assert_heard("a.cfg:4097:1: more than 4096 assignments");
    assert_int_equal(strlen(string_of("a")), 4096);
    text_cut(&many, 0);
    text_pad(&many, '\n', CONFIG_MAX_BYTES);
    assert_int_equal(read_text(text_string(&many)), 0);
    text_pad(&many, '\n', 1);
    assert_int_equal(read_text(text_string(&many)), -EINVAL);
    assert_heard("a.cfg:1:1: a configuration has at most 1048576 bytes");
    text_fini(&many);
}

static void without_memory(void **state)
{
    const char *const text = "a=1\nb='x'\nb+='y'\nl=['1',['2']]\nl+=['3']\na=2\nc=3\nd='\\q'\n";
    size_t k = 1;
    for (;; k++) {
        config_tree_fini(&tree);
        failing_arm(k);
        const int err = read_bytes(text, strlen(text), "x=bare", "y=[]");
        if (!failing_disarm()) {
            assert_int_equal(err, -EINVAL);
            break;
        }
        assert_int_equal(err, -ENOMEM);
        assert_heard("error: out of memory\n");
    }
    assert_true(k > 20);
    config_tree_fini(&tree);
    assert_no_leak();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),         cmocka_unit_test(strings),
        cmocka_unit_test(bad_strings),     cmocka_unit_test(lists),
        cmocka_unit_test(bad_lists),       cmocka_unit_test(appending),
        cmocka_unit_test(said_twice),      cmocka_unit_test(arguments),
        cmocka_unit_test(bad_assignments), cmocka_unit_test(positions),
        cmocka_unit_test(quoted_lines),    cmocka_unit_test(bounds),
        cmocka_unit_test(without_memory),  cmocka_unit_test(arguments_are_utf8),
        cmocka_unit_test(many_warnings),   cmocka_unit_test(in_order),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    config_tree_fini(&tree);
    return failures;
}
