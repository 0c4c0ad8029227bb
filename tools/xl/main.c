// SPDX-License-Identifier: MIT
#include <signal.h>

#include "lib/message.h"
#include "xl/command.h"

int main(int argc, char **argv)
{
    message_program("xl");
    signal(SIGPIPE, SIG_DFL);
    return xl_run(argc, argv);
}
