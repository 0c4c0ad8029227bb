/* SPDX-License-Identifier: MIT */
/* A process of life/'s own opens its connections; in these tests it has the fixture's, for the fake
 * store serves one client. */
#pragma once
#include "test/tools/life_fixture.h"

int life_open(struct life *l)
{
    *l = fixture.life;
    return 0;
}

void life_close(struct life *l)
{
}

static int teardown(void **state)
{
    store_close(fixture.life.store);
    hv_close(fixture.life.hv);
    fixture.life.store = NULL;
    fixture.life.hv = NULL;
    return fixture_teardown(state);
}
