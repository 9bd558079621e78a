/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter: CPython with the package frozen into it, so that a verb that needs deciding starts without a search for files.
 * The front door starts it in place of python3.N, with the same arguments: -I -S -X ... .../pyrunc/__main__.py ARGS.
 * Where the build could make an image of the started interpreter (image.c), it does not even start: it goes on from there. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"

/* Built by csrc/freeze.py; the paths are those of the Python that we were built with. */
#include "places.h" /* PR_STDLIB, PR_DYNLOAD */

#if PY_VERSION_HEX < 0x030b0000
#error "Python 3.11 or newer"
#endif

extern const unsigned char pr_frozen_code[];
__asm__(".section .rodata\n"
        ".global pr_frozen_code\n"
        ".balign 64\n"
        "pr_frozen_code: .incbin \"" PR_FROZEN_BIN "\"\n"
        ".previous\n");

#define PR_FROZEN(module, offset, length, package)                                                                                         \
	{                                                                                                                                  \
		.name = (module), .code = pr_frozen_code + (offset), .size = (length), .is_package = (package)                             \
	}

static const struct _frozen frozen[] = {
#include "frozen.h"
	{ .name = NULL },
};

#if PR_IMAGE
/* In place of CPython's own, which its linker has arranged. */
static const struct _frozen bootstrap[] = {
#include "bootstrap.h"
	{ .name = NULL },
};
#endif

PyMODINIT_FUNC PyInit__native(void);

/* Python's modules in C and ours; Python works with a copy, which an image does not hold. */
static struct _inittab builtin[128] PR_IN_IMAGE;

/* Before Python starts: its frozen and builtin modules. */
static void know_modules(void)
{
	size_t n = 0;
	for (; PyImport_Inittab[n].name && n < sizeof(builtin) / sizeof(*builtin) - 2; n++)
		builtin[n] = PyImport_Inittab[n];
	builtin[n] = (struct _inittab){ "_pyrunc_native", PyInit__native };
	PyImport_FrozenModules = frozen;
#if PR_IMAGE
	pr_image_set_bootstrap(bootstrap);
#endif
	PyImport_Inittab = builtin;
}

static _Noreturn void give_up(PyStatus status)
{
	Py_ExitStatusException(status);
}

/* Appends a directory, in the file system's encoding, to the module search path. */
static void search(PyConfig *config, const char *directory)
{
	wchar_t *wide = Py_DecodeLocale(directory, NULL);
	PyStatus status = wide ? PyWideStringList_Append(&config->module_search_paths, wide) : PyStatus_NoMemory();
	PyMem_RawFree(wide);
	if (PyStatus_Exception(status))
		give_up(status);
}

/* Cuts the last component off the path `text`. */
static void cut(char *text)
{
	char *slash = strrchr(text, '/');
	if (slash)
		*slash = '\0';
}

/* Configures and starts Python: isolated, UTF-8 whatever the locale, without `site`. `package` is the package's directory, `seed`
 * that of the hashes of strings, 0 for one of this process. */
static void start(int argc, char **argv, const char *package, unsigned long seed)
{
	PyPreConfig before;
	PyPreConfig_InitIsolatedConfig(&before);
	before.utf8_mode = 1;
	PyStatus status = Py_PreInitializeFromBytesArgs(&before, argc, argv);
	if (PyStatus_Exception(status))
		give_up(status);

	PyConfig config;
	PyConfig_InitIsolatedConfig(&config);
	config.parse_argv = 1;
	config.site_import = 0;
	config.install_signal_handlers = 1; /* as python3 does: a closed pipe is an error, SIGINT an exception */
	config.write_bytecode = 0;
	config.pathconfig_warnings = 0;
	config.use_hash_seed = seed != 0;
	config.hash_seed = seed;
	config.module_search_paths_set = 1;
	search(&config, PR_DYNLOAD);
	search(&config, PR_STDLIB);
	char parent[4096];
	snprintf(parent, sizeof(parent), "%s", package);
	cut(parent);
	search(&config, parent);
	search(&config, "/usr/lib/python3/dist-packages"); /* where Debian installs cffi's backend */

	status = PyConfig_SetBytesArgv(&config, argc, argv);
	if (!PyStatus_Exception(status))
		status = Py_InitializeFromConfig(&config);
	if (PyStatus_Exception(status))
		give_up(status);
	PyConfig_Clear(&config);
}

/* Imports the frozen package and tells it where its files are. */
static int find_package(const char *package)
{
	PyObject *root = PyImport_ImportModule("pyrunc");
	PyObject *path = root ? Py_BuildValue("[s]", package) : NULL;
	int status = path ? PyObject_SetAttrString(root, "__path__", path) : -1;
	Py_XDECREF(path);
	Py_XDECREF(root);
	return status;
}

#if PR_IMAGE /* build_image.py says for which Python */
/* Calls a function without arguments; fails with its traceback. */
static int call(const char *name, const char *function)
{
	PyObject *module = PyImport_ImportModule(name);
	PyObject *done = module ? PyObject_CallMethod(module, function, NULL) : NULL;
	if (!done)
		PyErr_Print();
	Py_XDECREF(module);
	Py_XDECREF(done);
	return done ? 0 : -1;
}

/* Starts Python as far as an image holds it: two processes that do this allocate the same in the same order. */
static int fill_image(const char *seed)
{
	know_modules();
	char *unnamed[] = { (char *)(uintptr_t) "python3", NULL };
	start(1, unnamed, "", strtoul(seed, NULL, 10)); /* wake() knows the names */
	return call("_pyrunc_image", "fill") < 0 ? -1 : pr_image_intern();
}

/* Goes on from the image, with the directory of the package `package` where start() would have put it. */
static int wake(int argc, char **argv, int program, const char *package)
{
	PyImport_Inittab = builtin;
	if (pr_image_wake(argc, argv, program) < 0)
		return -1;
	char parent[4096];
	snprintf(parent, sizeof(parent), "%s", package);
	cut(parent);
	PyObject *path = PySys_GetObject("path"); /* borrowed */
	PyObject *text = path ? PyUnicode_DecodeFSDefault(parent) : NULL;
	return text ? PyList_SetItem(path, 2, text) : -1; /* takes the reference */
}

/* Writes to `path` the profile by which make_image arranges the image. */
static int rehearse(const char *path, const char *seed)
{
	char *line[] = { (char *)(uintptr_t) "/usr/bin/python3", (char *)(uintptr_t) "-I", (char *)(uintptr_t) "/__main__.py", NULL };
	bool done = pr_image_rehearse() == 0 && fill_image(seed) == 0 && pr_image_watch() == 0;
	signal(SIGINT, SIG_DFL); /* as it is in a process that wakes */
	done = done && wake(3, line, 2, "/pyrunc") == 0 && find_package("/pyrunc") == 0 && call("_pyrunc_rehearsal", "rehearse") == 0;
	if (!done || pr_image_write_profile(path) < 0) {
		perror(path);
		return 1;
	}
	_exit(0);
}

/* Writes the image to `path`. */
static int make_image(const char *path, const char *seed, const char *profile)
{
	if (pr_image_prepare(profile) < 0 || fill_image(seed) < 0 || pr_image_write(path) < 0) {
		perror(path);
		return 1;
	}
	_exit(0);
}
#endif

/* Runs the package; __main__ leaves by _exit(2) unless something is broken. */
static int run(void)
{
	PyObject *module = PyImport_ImportModule("pyrunc.__main__");
	PyObject *done = module ? PyObject_CallMethod(module, "run", NULL) : NULL;
	return done ? 0 : -1;
}

int main(int argc, char **argv)
{
	bool made = false;
#if PR_IMAGE
	made = pr_image_made();
	if (!made && argc == 4 && strcmp(argv[1], "--rehearse") == 0)
		return rehearse(argv[2], argv[3]);
	if (!made && argc == 5 && strcmp(argv[1], "--make-image") == 0)
		return make_image(argv[2], argv[3], argv[4]);
#endif
	char package[4096];
	int program = 0;
	for (int i = 1; i < argc && !program; i++) {
		if (strcmp(argv[i], "-X") == 0)
			i++;
		else if (argv[i][0] != '-')
			program = i;
	}
	if (!program || argv[program][0] != '/' || strlen(argv[program]) >= sizeof(package)) {
		fputs("pyrunc: this interpreter is started by the program pyrunc: call that\n", stderr);
		return 1;
	}
	/* Moved to where the Python of the build is not, or not for this user: argv[0] is the python3.N that we stand in for. */
	if (access(PR_DYNLOAD, R_OK | X_OK) < 0 || access(PR_STDLIB, R_OK | X_OK) < 0) {
		execv(argv[0], argv);
		fprintf(stderr, "pyrunc: neither %s nor %s can be reached: build pyrunc again for this machine's Python\n", PR_DYNLOAD,
		        argv[0]);
		return 1;
	}
	strcpy(package, argv[program]);
	cut(package);
	int status = 0;
	if (!made) {
		know_modules();
		start(argc, argv, package, 0);
	}
#if PR_IMAGE
	else
		status = wake(argc, argv, program, package);
#endif
	if (status == 0 && find_package(package) == 0 && run() == 0)
		return 0;
	PyErr_Print();
	return 1;
}
