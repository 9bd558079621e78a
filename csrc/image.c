/* SPDX-License-Identifier: Apache-2.0 */
/* The image: what Python writes to, as it was after its start and the import of the package, is a part of the executable's file. A start is
 * then the kernel's mapping of that file, copied where it is written to, in place of 40 million instructions.
 *
 * The linker (image.ld) puts all variables of libpython and a room for its heap into the section .pr_image; the executable is linked to fixed
 * addresses. The build starts it without an image, has all of Python's memory taken from the room (image_room.c), writes the section to a file and puts
 * it back with objcopy. Nothing in the image may point to what the kernel places anew in each process, the C library, the stack, mappings:
 * the build makes it twice and compares (build_image.py). What belongs to a process is renewed by pr_image_wake. */
#define PY_SSIZE_T_CLEAN
#define Py_BUILD_CORE
#include <Python.h>
#include <internal/pycore_import.h>
#include <internal/pycore_initconfig.h>
#include <internal/pycore_pathconfig.h>
#include <internal/pycore_pylifecycle.h>
#include <internal/pycore_runtime.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"

extern char pr_image_begin[], pr_image_end[];

/* CPython's own modules have their names lie where its linker put them. At its start (_Py_Deepfreeze_Init, which the linker wraps) they are
 * interned, and all others of their like become them: that is for later, when there are others. */
int __wrap__Py_Deepfreeze_Init(void);
int __real__Py_Deepfreeze_Init(void);

int __wrap__Py_Deepfreeze_Init(void)
{
	return 0;
}

int pr_image_intern(void)
{
	return __real__Py_Deepfreeze_Init();
}

void pr_image_set_bootstrap(const struct _frozen *modules)
{
	_PyImport_FrozenBootstrap = modules;
}

/* The thread is another one in each process. */
static void forget_thread(void)
{
	PyThreadState *thread = PyThreadState_Get();
	thread->thread_id = 0;
	thread->native_thread_id = 0;
	_PyRuntime.main_thread = 0;
	/* Made by the C library's malloc, whatever was prepared; wake_thread makes new ones. */
	_PyRuntime.interpreters.mutex = NULL;
	_PyRuntime.xidregistry.mutex = NULL;
	_PyRuntime.unicode_ids.lock = NULL;
}

int pr_image_write(const char *path)
{
	forget_thread();
	/* Copies that the C library's malloc made for who asks or ends Python: nobody does. */
	_PyPathConfig_ClearGlobal();
	_Py_ClearArgcArgv();
	_PyImport_Fini2();

	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	pr_image_seal();
	for (const char *at = pr_image_begin; at < pr_image_end;) {
		ssize_t written = write(fd, at, (size_t)(pr_image_end - at));
		if (written < 0)
			return -1;
		at += written;
	}
	return close(fd);
}

/* Makes the copy of a thread and its locks real, as after fork(2), and gives it this process's key for its state. */
static int wake_thread(void)
{
	PyThreadState *thread = PyThreadState_Get();
	thread->thread_id = PyThread_get_thread_ident();
	/* Its locks first: what follows takes one. */
	if (PyStatus_Exception(_PyRuntimeState_ReInitThreads(&_PyRuntime)))
		return -1;
	PyOS_AfterFork_Child();
	return PyThread_tss_set(&_PyRuntime.gilstate.autoTSSkey, thread);
}

/* Py_Initialize's signals: those whose default would end us are ignored, and SIGINT, unless ignored, is an exception. */
static int wake_signals(void)
{
	PyOS_setsig(SIGPIPE, SIG_IGN);
	PyOS_setsig(SIGXFSZ, SIG_IGN);
	if (PyOS_getsig(SIGINT) != SIG_DFL)
		return 0;
	PyObject *module = PyImport_ImportModule("_signal");
	PyObject *handler = module ? PyObject_GetAttrString(module, "default_int_handler") : NULL;
	PyObject *before = handler ? PyObject_CallMethod(module, "signal", "iO", SIGINT, handler) : NULL;
	Py_XDECREF(before);
	Py_XDECREF(handler);
	Py_XDECREF(module);
	return before ? 0 : -1;
}

/* Sets sys.NAME and sys.__NAME__; the reference is taken. */
static int set_stream(const char *name, PyObject *stream)
{
	char twin[16];
	snprintf(twin, sizeof(twin), "__%s__", name);
	int status = stream && PySys_SetObject(name, stream) == 0 && PySys_SetObject(twin, stream) == 0 ? 0 : -1;
	Py_XDECREF(stream);
	return status;
}

/* The three streams as Python opens them in its UTF-8 mode; None for one that is closed. */
static int wake_streams(void)
{
	static const struct {
		const char *name, *mode, *errors;
	} streams[] = {
		{ "stdin", "r", "surrogateescape" },
		{ "stdout", "w", "surrogateescape" },
		{ "stderr", "w", "backslashreplace" },
	};
	for (int fd = 0; fd < 3; fd++) {
		PyObject *stream;
		if (fcntl(fd, F_GETFD) < 0)
			stream = Py_NewRef(Py_None);
		else /* stderr is written line by line, the others when they are terminals: 1 and -1 */
			stream = PyFile_FromFd(fd, streams[fd].name, streams[fd].mode, fd == 2 ? 1 : -1, "utf-8", streams[fd].errors, "\n",
			                       0);
		if (set_stream(streams[fd].name, stream) < 0)
			return -1;
	}
	return 0;
}

/* os.environ of the environment: its mapping is made when os is imported. */
static int wake_environment(void)
{
	PyObject *os = PyImport_ImportModule("os");
	PyObject *mapping = os ? PyObject_GetAttrString(os, "environ") : NULL;
	PyObject *data = mapping ? PyObject_GetAttrString(mapping, "_data") : NULL;
	int status = data ? 0 : -1;
	for (char **entry = environ; status == 0 && *entry; entry++) {
		const char *value = strchr(*entry, '=');
		if (!value)
			continue;
		PyObject *name = PyBytes_FromStringAndSize(*entry, value - *entry);
		PyObject *text = PyBytes_FromString(value + 1);
		/* The first of several wins, as in os. */
		if (!name || !text || !PyDict_SetDefault(data, name, text))
			status = -1;
		Py_XDECREF(name);
		Py_XDECREF(text);
	}
	Py_XDECREF(data);
	Py_XDECREF(mapping);
	Py_XDECREF(os);
	return status;
}

static int set_list(const char *name, int count, char **words)
{
	PyObject *list = PyList_New(0);
	int status = list ? 0 : -1;
	for (int i = 0; i < count && status == 0; i++) {
		PyObject *word = PyUnicode_DecodeFSDefault(words[i]);
		status = word ? PyList_Append(list, word) : -1;
		Py_XDECREF(word);
	}
	if (status == 0)
		status = PySys_SetObject(name, list);
	Py_XDECREF(list);
	return status;
}

/* -X NAME and -X NAME=VALUE as sys._xoptions has them. */
static int set_options(int count, char **words)
{
	PyObject *options = PySys_GetObject("_xoptions"); /* borrowed */
	if (!options)
		return -1;
	PyDict_Clear(options);
	for (int i = 1; i + 1 < count; i++) {
		if (strcmp(words[i], "-X") != 0)
			continue;
		const char *word = words[++i], *value = strchr(word, '=');
		PyObject *name = PyUnicode_DecodeFSDefaultAndSize(word, value ? value - word : (Py_ssize_t)strlen(word));
		PyObject *text = value ? PyUnicode_DecodeFSDefault(value + 1) : Py_NewRef(Py_True);
		int status = name && text ? PyDict_SetItem(options, name, text) : -1;
		Py_XDECREF(name);
		Py_XDECREF(text);
		if (status < 0)
			return -1;
	}
	return 0;
}

static int wake_command_line(int argc, char **argv, int program)
{
	PyObject *interpreter = PyUnicode_DecodeFSDefault(argv[0]);
	int status = interpreter ? PySys_SetObject("executable", interpreter) : -1;
	if (status == 0)
		status = PySys_SetObject("_base_executable", interpreter);
	Py_XDECREF(interpreter);
	if (status < 0 || set_list("argv", argc - program, argv + program) < 0 || set_list("orig_argv", argc, argv) < 0)
		return -1;
	return set_options(program, argv);
}

int pr_image_wake(int argc, char **argv, int program)
{
	if (wake_thread() < 0) {
		PyErr_NoMemory();
		return -1;
	}
	if (wake_signals() < 0 || wake_streams() < 0 || wake_environment() < 0)
		return -1;
	return wake_command_line(argc, argv, program);
}
