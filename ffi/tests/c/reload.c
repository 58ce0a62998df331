// Loads and unloads the library a thousand times, as a host of plug-ins does, and uses it each time:
// reload LIBRARY ROOT INSTANCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "tickplane.h"

static void *need(void *library, const char *name) {
    void *found = dlsym(library, name);
    if (found == NULL) fprintf(stderr, "reload: %s\n", dlerror());
    return found;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    for (int round = 0; round < 1000; round++) {
        void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) return fprintf(stderr, "reload: %s\n", dlerror()), 1;
        int32_t (*open)(const char *, const char *, tp_plane_t **);
        int32_t (*status)(const tp_plane_t *, tp_status_t *);
        void (*close)(tp_plane_t *);
        void *found[3] = {need(library, "tp_open"), need(library, "tp_status"), need(library, "tp_close")};
        if (found[0] == NULL || found[1] == NULL || found[2] == NULL) return 1;
        // The way POSIX has to a function: object pointers do not convert in C.
        memcpy(&open, &found[0], sizeof open);
        memcpy(&status, &found[1], sizeof status);
        memcpy(&close, &found[2], sizeof close);
        tp_plane_t *plane;
        tp_status_t signs;
        if (open(argv[2], argv[3], &plane) != TP_OK || status(plane, &signs) != TP_OK || signs.alive != 1) return 1;
        close(plane);
        if (dlclose(library) != 0) return fprintf(stderr, "reload: %s\n", dlerror()), 1;
    }
    return 0;
}
