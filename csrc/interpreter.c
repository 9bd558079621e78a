/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter: CPython with the package frozen into it, so that a verb that needs deciding starts without a search for files.
 * The front door starts it in place of python3.N, with the same arguments: -I -S -X ... .../pyrunc/__main__.py ARGS. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

PyMODINIT_FUNC PyInit__native(void);

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

/* Configures and starts Python: isolated, UTF-8 whatever the locale, without `site`. `package` is the package's directory. */
static void start(int argc, char **argv, const char *package)
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

/* Imports the frozen package, tells it where its files are, and runs it; __main__ leaves by _exit(2) unless something is broken. */
static int run(const char *package)
{
	PyObject *root = PyImport_ImportModule("pyrunc");
	PyObject *path = root ? Py_BuildValue("[s]", package) : NULL;
	if (path && PyObject_SetAttrString(root, "__path__", path) == 0) {
		PyObject *module = PyImport_ImportModule("pyrunc.__main__");
		PyObject *done = module ? PyObject_CallMethod(module, "run", NULL) : NULL;
		if (done)
			return 0;
	}
	PyErr_Print();
	return 1;
}

int main(int argc, char **argv)
{
	char package[4096];
	const char *program = NULL;
	for (int i = 1; i < argc && !program; i++) {
		if (strcmp(argv[i], "-X") == 0)
			i++;
		else if (argv[i][0] != '-')
			program = argv[i];
	}
	if (!program || program[0] != '/' || strlen(program) >= sizeof(package)) {
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
	strcpy(package, program);
	cut(package);
	PyImport_FrozenModules = frozen;
	if (PyImport_AppendInittab("_pyrunc_native", PyInit__native) < 0)
		return 1;
	start(argc, argv, package);
	return run(package);
}
