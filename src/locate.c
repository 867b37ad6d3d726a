// SPDX-License-Identifier: MIT
#include "locate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "path.h"
#include "system.h"
#include "text.h"
#include "version.h"

// What the search depends on, in one piece, so that tools find it in a wrapper that they cannot
// run. It is what the search really uses: a linker cannot drop it.
#define MARK_START "countermark-wrapper/1\0" SUITE_DEFAULT "\0"
static const char mark[] = MARK_START SUITE_BIN_NAME "\0" SUITE_LIBEXEC_FROM_BIN;
static const char *const bin_name = mark + sizeof MARK_START - 1;
static const char *const libexec_from_bin = mark + sizeof MARK_START - 1 + sizeof SUITE_BIN_NAME;

static char *problem_with(const char *path, enum file_state state, int error)
{
    switch (state) {
    case FILE_MISSING:
        return text_format("not found");
    case FILE_DANGLING:
        return text_format("a symbolic link to nothing");
    case FILE_UNREACHABLE:
        return text_format("cannot be reached: %s", strerror(error));
    case FILE_DIRECTORY:
        return text_format("a directory");
    case FILE_SPECIAL:
        return text_format("not a regular file");
    case FILE_NOT_EXECUTABLE:
        return text_format("not executable");
    case FILE_EXECUTABLE:
        break;
    }
    return image_problem(path);
}

static void note(struct search *search, char *path, char *problem)
{
    const size_t size = (search->count + 1) * sizeof *search->places;
    search->places = text_grow(search->places, size);
    search->places[search->count++] = (struct place){path, problem};
}

// Takes over PATH; returns whether the search is over, with or without a program. What is there
// but wrong ends the search, so that a broken release never runs some other program of that name.
static bool try_place(struct search *search, char *path, bool in_path)
{
    int error = 0;
    const enum file_state state = system_file_state(path, &error);
    char *problem = problem_with(path, state, error);
    if (problem == NULL) {
        search->program = path;
        note(search, path, NULL);
        return true;
    }
    const bool absent = state == FILE_MISSING || state == FILE_DANGLING;
    // In PATH, as in every shell, only a file that could be executed counts as there.
    const bool final = in_path ? state == FILE_EXECUTABLE : !absent;
    if (final) {
        char *whole = text_format("%s (the search ends here)", problem);
        free(problem);
        problem = whole;
    }
    note(search, path, problem);
    return final;
}

static bool try_directory(struct search *search, char *directory, const char *name, bool in_path)
{
    char *path = path_join(directory, name);
    free(directory);
    return try_place(search, path, in_path);
}

static bool try_beside(struct search *search, const char *directory, const char *name)
{
    // Programs that users do not start themselves; only an installed tree has such a directory.
    if (*libexec_from_bin != '\0' && system_same_name(path_name(directory), bin_name)) {
        char *libexec = path_resolve(directory, libexec_from_bin);
        if (try_directory(search, libexec, name, false)) {
            return true;
        }
    }
#ifdef _WIN32
    // Where the Windows installer puts everything but the wrapper.
    if (try_directory(search, path_join(directory, "daemon"), name, false)) {
        return true;
    }
#endif
    // A build tree, or an archive unpacked flat.
    return try_directory(search, text_format("%s", directory), name, false);
}

static void try_path(struct search *search, const char *name)
{
    char *variable = system_environment("PATH");
    const char *list = variable;
    for (char *directory; (directory = path_list_next(&list)) != NULL;) {
        if (try_directory(search, directory, name, true)) {
            break;
        }
    }
    free(variable);
}

struct search locate(const char *name, const char *argv0)
{
    struct search search = {NULL, 0, NULL};
    char *file = text_format("%s" SYSTEM_PROGRAM_SUFFIX, name);
    char *own = system_own_path(argv0);
    bool over = false;
    if (own != NULL) {
        char *directory = path_parent(own);
        over = try_beside(&search, directory, file);
        free(directory);
    } else {
        note(&search, text_format("beside '%s'", argv0),
             text_format("the directory of this program is not known"));
    }
    // Who names a directory means that tree; anything else may come from the system.
    if (!over && !path_has_separator(argv0)) {
        try_path(&search, file);
    }
    free(own);
    free(file);
    return search;
}
