/* SPDX-License-Identifier: MIT */
/*
 * Is there a person to read it? Colours and widths are for terminals only: what goes into a pipe or
 * a file stays plain. NO_COLOR (https://no-color.org) and TERM=dumb take the colours away.
 */
#pragma once
#include <stdbool.h>

enum colour {
    COLOUR_NONE,
    COLOUR_BOLD,
    COLOUR_DIM,
    COLOUR_RED,
    COLOUR_GREEN,
    COLOUR_YELLOW,
    COLOUR_BLUE
};

bool terminal_is(int fd);

/* Characters in a line, 80 if nobody says. */
int terminal_width(int fd);

bool terminal_has_colour(int fd);

/* The sequence that switches a colour on; COLOUR_NONE switches all off. "" if `on` is false. */
const char *terminal_colour(bool on, enum colour c);
