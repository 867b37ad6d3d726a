// SPDX-License-Identifier: MIT
#include "execute.h"

#include <stdlib.h>

#include <windows.h>

#include "quote.h"
#include "text.h"
#include "wide.h"

// Ctrl-C reaches every program of the console; the one that decides is the program, not us.
static BOOL WINAPI keep_waiting(DWORD event)
{
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT) {
        // The console closes. To return would end us at once, and the program with us.
        Sleep(INFINITE);
    }
    return TRUE;
}

// A program must not outlive a wrapper that is killed; what it starts itself may.
static void tie_to_this_process(HANDLE process)
{
    HANDLE job = CreateJobObjectW(NULL, NULL);
    if (job == NULL) {
        return;
    }
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    limits.BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
    if (SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) {
        AssignProcessToJobObject(job, process);
    }
    // The handle stays open on purpose: closing it is what ends the program.
}

static BOOL start(const wchar_t *program, wchar_t *command_line, PROCESS_INFORMATION *process)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    if (!CreateProcessW(program, command_line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL,
                        &startup, process)) {
        return FALSE;
    }
    tie_to_this_process(process->hProcess);
    ResumeThread(process->hThread);
    CloseHandle(process->hThread);
    return TRUE;
}

char *execute(char *const arguments[], int *status)
{
    char *line = quote_arguments(arguments);
    wchar_t *command_line = wide_from_utf8(line);
    wchar_t *program = wide_from_utf8(arguments[0]);
    free(line);
    if (command_line == NULL || program == NULL) {
        return text_format("Cannot run '%s': its arguments are not valid Unicode", arguments[0]);
    }
    SetConsoleCtrlHandler(keep_waiting, TRUE);
    PROCESS_INFORMATION process;
    const BOOL started = start(program, command_line, &process);
    const DWORD reason = GetLastError();
    free(program);
    free(command_line);
    if (!started) {
        return text_format("Cannot run '%s': Windows error %lu", arguments[0], reason);
    }
    DWORD code = EXIT_FAILURE;
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hProcess);
    *status = (int)code;
    return NULL;
}
