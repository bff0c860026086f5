/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module tuwen._tuwen: handles of the C library for the package, and nothing with manners. Arguments are bytes, numbers
 * and tuples that the modules in tuwen have put in order; vectors come back as bytearrays. On the stable ABI of Python 3.9, so that one
 * file serves every later version; that is why there is no buffer protocol here.
 *
 * The GIL is released in every call that computes or reads files. What is shared between calls (handles in use, counts) is
 * read and written with the GIL held.
 */
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* --- what every call shares ------------------------------------------------------------------------------------------ */

static struct {
    pid_t process; /* whose handles these are */
    int running;   /* calls that have released the GIL */
    bool lost;     /* forked while another thread was computing: locks may be held by nobody */
} state;

void raise_status(tuwen_status status, const char *message)
{
    PyObject *errors = PyImport_ImportModule("tuwen._errors");
    if (!errors)
        return;
    PyObject *error = PyObject_CallMethod(errors, "error_of", "ss", tuwen_status_name(status), message);
    Py_DECREF(errors);
    if (!error)
        return;
    PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_DECREF(error);
}

void raise_error(const tuwen_error *error)
{
    raise_status(error->status, error->message);
}

bool process_is_fit(void)
{
    if (state.process == getpid() && !state.lost)
        return true;
    raise_status(TUWEN_UNSUPPORTED,
                 state.lost
                     ? "This process was forked while another thread was computing, so nothing can be computed "
                       "here; use the start method \"spawn\" or \"forkserver\" of multiprocessing."
                     : "This process was forked around Python (not by os.fork), so nothing can be computed here.");
    return false;
}

bool handles_are_ours(void)
{
    return state.process == getpid() && !state.lost;
}

PyThreadState *compute_begin(void)
{
    state.running++;
    return PyEval_SaveThread();
}

void compute_end(PyThreadState *thread)
{
    PyEval_RestoreThread(thread);
    state.running--;
}

bool floats_of(PyObject *bytes, floats *view)
{
    if (!PyBytes_Check(bytes) || PyBytes_Size(bytes) % (Py_ssize_t)sizeof(float) != 0) {
        PyErr_SetString(PyExc_TypeError, "bytes of float32 numbers are wanted");
        return false;
    }
    view->values = (const float *)(const void *)PyBytes_AsString(bytes);
    view->count = (size_t)PyBytes_Size(bytes) / sizeof(float);
    return true;
}

PyObject *new_floats(size_t count, float **values)
{
    if (count > PY_SSIZE_T_MAX / sizeof(float))
        return PyErr_NoMemory();
    PyObject *array = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(float)));
    if (array)
        *values = (float *)(void *)PyByteArray_AsString(array);
    return array;
}

/* --- functions of the module ----------------------------------------------------------------------------------------- */

/* cosines(pictures, texts, dimension) -> [pictures][texts] */
static PyObject *cosines(PyObject *module, PyObject *arguments)
{
    PyObject *a_bytes, *b_bytes;
    floats a, b;
    Py_ssize_t dimension;
    float *values = NULL;
    if (!PyArg_ParseTuple(arguments, "OOn", &a_bytes, &b_bytes, &dimension) || !floats_of(a_bytes, &a) ||
        !floats_of(b_bytes, &b))
        return NULL;
    size_t length = dimension > 0 ? (size_t)dimension : 1;
    size_t rows = a.count / length, columns = b.count / length;
    PyObject *result = new_floats(rows * columns, &values);
    if (!values)
        return result; /* none either */
    PyThreadState *thread = compute_begin();
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            values[i * columns + j] = tuwen_cosine(a.values + i * length, b.values + j * length, length);
    compute_end(thread);
    return result;
}

/* share(cosines, columns, temperature) -> as cosines */
static PyObject *share(PyObject *module, PyObject *arguments)
{
    PyObject *bytes;
    floats from;
    Py_ssize_t columns;
    double temperature;
    float *values = NULL;
    if (!PyArg_ParseTuple(arguments, "Ond", &bytes, &columns, &temperature) || !floats_of(bytes, &from))
        return NULL;
    PyObject *result = new_floats(from.count, &values);
    if (!result)
        return NULL;
    size_t width = columns > 0 ? (size_t)columns : 1;
    for (size_t i = 0; i + width <= from.count; i += width)
        tuwen_share(from.values + i, width, temperature, values + i);
    return result;
}

static PyObject *band_names(PyObject *module, PyObject *arguments)
{
    return Py_BuildValue("(ssss)", tuwen_band_name(TUWEN_BAND_MISMATCH, TUWEN_ENGLISH),
                         tuwen_band_name(TUWEN_BAND_FAIR, TUWEN_ENGLISH),
                         tuwen_band_name(TUWEN_BAND_HIGH, TUWEN_ENGLISH),
                         tuwen_band_name(TUWEN_BAND_VERY_HIGH, TUWEN_ENGLISH));
}

static PyObject *version(PyObject *module, PyObject *arguments)
{
    return PyUnicode_FromString(tuwen_version());
}

/* ---- files ---------------------------------------------------------------------------------------------------------- */

enum { NOT_PLAIN = -2 };

/* A plain file, open, and its facts; -1 and errno if that fails. Others, NOT_PLAIN, are not opened: what a pipe's writer sends to who
 * opens and closes it is lost. */
static int open_plain(const char *path, struct stat *status)
{
    PyThreadState *thread = PyEval_SaveThread();
    int file = -1, number = 0;
    if (stat(path, status) == 0)
        file = S_ISREG(status->st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : NOT_PLAIN;
    number = errno;
    PyEval_RestoreThread(thread);
    errno = number;
    return file;
}

/* How much was read, up to `size`; -1 and errno if that fails. */
static ssize_t read_bytes(int file, char *bytes, size_t size)
{
    size_t done = 0;
    ssize_t some = 0;
    PyThreadState *thread = PyEval_SaveThread();
    do {
        some = read(file, bytes + done, size - done);
        done += some > 0 ? (size_t)some : 0;
    } while ((some > 0 && done < size) || (some < 0 && errno == EINTR));
    int number = errno;
    PyEval_RestoreThread(thread);
    errno = number;
    return some < 0 ? -1 : (ssize_t)done;
}

/* read_file(path, most) -> its bytes; or the number of them if they are more than `most`; or None if it is no plain file.
 * Raises OSError. Python's own files do this too, by many more steps, which count beside the computation of a small picture. */
static PyObject *read_file(PyObject *module, PyObject *arguments)
{
    PyObject *path, *bytes = NULL;
    unsigned long long most;
    struct stat status = {0};
    if (!PyArg_ParseTuple(arguments, "SK", &path, &most))
        return NULL;
    int file = open_plain(PyBytes_AsString(path), &status);
    if (file == NOT_PLAIN)
        return Py_BuildValue("");
    if (file < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    size_t size = (size_t)status.st_size;
    if (size > most) {
        bytes = PyLong_FromSize_t(size);
    } else if ((bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size))) {
        ssize_t done = read_bytes(file, PyBytes_AsString(bytes), size);
        if (done < 0 || (size_t)done < size) { /* it fails, or has become shorter */
            PyObject *less = done < 0 ? PyErr_SetFromErrno(PyExc_OSError)
                                      : PyBytes_FromStringAndSize(PyBytes_AsString(bytes), done);
            Py_DECREF(bytes);
            bytes = less;
        }
    }
    close(file);
    return bytes;
}

/* For os.register_at_fork, with the GIL held. Only the thread that forks lives on in the child. */
static PyObject *before_fork(PyObject *module, PyObject *arguments)
{
    tuwen_prepare_fork();
    Py_RETURN_NONE;
}

static PyObject *after_fork_in_child(PyObject *module, PyObject *arguments)
{
    state.process = getpid();
    state.lost = state.lost || state.running > 0;
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"cosines", cosines, METH_VARARGS, NULL},
    {"share", share, METH_VARARGS, NULL},
    {"band_names", band_names, METH_NOARGS, NULL},
    {"version", version, METH_NOARGS, NULL},
    {"read_file", read_file, METH_VARARGS, NULL},
    {"before_fork", before_fork, METH_NOARGS, NULL},
    {"after_fork_in_child", after_fork_in_child, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* The type, which the module keeps; NULL with an exception. */
static PyTypeObject *add_type(PyObject *module, const char *name, PyType_Spec *spec)
{
    PyObject *type = PyType_FromSpec(spec);
    if (type && PyModule_AddObject(module, name, type) != 0) {
        Py_DECREF(type);
        return NULL;
    }
    return (PyTypeObject *)type;
}

static int execute(PyObject *module)
{
    if (state.process == 0)
        state.process = getpid();
    model_type = add_type(module, "Model", &model_spec);
    return model_type && add_type(module, "Session", &session_spec) && add_type(module, "Profile", &profile_spec)
               ? 0
               : -1;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)execute}, {0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "tuwen._tuwen", .m_methods = functions, .m_slots = slots};

PyMODINIT_FUNC PyInit__tuwen(void);
PyMODINIT_FUNC PyInit__tuwen(void)
{
    return PyModuleDef_Init(&definition);
}
