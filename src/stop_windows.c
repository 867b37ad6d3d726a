// SPDX-License-Identifier: MIT
#include "stop.h"

#include <stddef.h>

#include <windows.h>

static HANDLE told;
static HANDLE main_thread;

static BOOL WINAPI on_event(DWORD event)
{
    SetEvent(told);
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT) {
        // The console closes: to return would end the process before main() does.
        WaitForSingleObject(main_thread, INFINITE);
    }
    return TRUE;
}

bool stop_prepare(void)
{
    told = CreateEventW(NULL, TRUE, FALSE, NULL);
    return told != NULL &&
           DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(),
                           &main_thread, SYNCHRONIZE, FALSE, 0) &&
           SetConsoleCtrlHandler(on_event, TRUE);
}

void stop_wait(void)
{
    WaitForSingleObject(told, INFINITE);
}
