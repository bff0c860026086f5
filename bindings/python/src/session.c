/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuwen._tuwen.Session: computing vectors. Ctrl-C ends a computation of the main thread: SIGINT's handler is replaced for as
 * long as the call takes by one that cancels it and then does what the replaced one does.
 */
#include <signal.h>
#include <string.h>

#include "module.h"

typedef struct session_object {
    PyObject ob_base;
    tuwen_session *session; /* NULL: closed */
    model_object *model;
    bool busy;
    bool cancel_asked; /* by cancel(), not by a signal */
} session_object;

/* Only the main thread's calls are ended by Ctrl-C, so there is one at most. */
static struct {
    tuwen_session *volatile session;
    struct sigaction before;
} interrupt;

static void on_interrupt(int number, siginfo_t *info, void *context)
{
    if (interrupt.session)
        tuwen_session_cancel(interrupt.session);
    if (interrupt.before.sa_flags & SA_SIGINFO)
        interrupt.before.sa_sigaction(number, info, context);
    else
        interrupt.before.sa_handler(number);
}

/* Where SIGINT is ignored or ends the process, it stays so. */
static bool catch_interrupt(tuwen_session *session)
{
    if (gettid() != getpid() || sigaction(SIGINT, NULL, &interrupt.before) != 0 ||
        interrupt.before.sa_handler == SIG_DFL || interrupt.before.sa_handler == SIG_IGN)
        return false;
    struct sigaction action = {.sa_sigaction = on_interrupt, .sa_flags = SA_SIGINFO | interrupt.before.sa_flags};
    action.sa_mask = interrupt.before.sa_mask;
    interrupt.session = session;
    return sigaction(SIGINT, &action, NULL) == 0;
}

static void release_interrupt(void)
{
    sigaction(SIGINT, &interrupt.before, NULL);
    interrupt.session = NULL;
}

/* --- opening and closing --------------------------------------------------------------------------------------------- */

/* Session(model, image_tokens_min, image_tokens_max, max_length, exif_ignored, raw_special, max_picture_bytes,
 * max_picture_pixels, max_picture_seconds) */
static PyObject *session_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *model_argument;
    int exif_ignored, raw_special;
    unsigned long long bytes, pixels;
    tuwen_session_options options = {0};
    if (!PyArg_ParseTuple(arguments, "OiiippKKd", &model_argument, &options.image_tokens_min,
                          &options.image_tokens_max, &options.max_length, &exif_ignored, &raw_special, &bytes,
                          &pixels, &options.max_picture_seconds) ||
        !process_is_fit() || !model_is_open(model_argument))
        return NULL;
    options.exif = exif_ignored ? TUWEN_EXIF_IGNORE : TUWEN_EXIF_APPLY;
    options.raw_special = raw_special;
    options.max_picture_bytes = bytes;
    options.max_picture_pixels = pixels;
    session_object *self = (session_object *)PyType_GenericAlloc(type, 0);
    if (!self)
        return NULL;
    Py_INCREF(model_argument);
    self->model = (model_object *)model_argument;
    self->model->sessions++;
    tuwen_error error = {0};
    tuwen_status status = tuwen_session_open(self->model->model, &options, &self->session, &error);
    if (status == TUWEN_OK)
        return (PyObject *)self;
    raise_error(&error);
    Py_DECREF(self);
    return NULL;
}

static void release(session_object *self)
{
    if (self->session && handles_are_ours())
        tuwen_session_close(self->session);
    self->session = NULL;
    if (self->model) {
        model_leave(self->model);
        Py_DECREF(self->model);
    }
    self->model = NULL;
}

static void session_dealloc(PyObject *object)
{
    release((session_object *)object);
    PyTypeObject *type = Py_TYPE(object);
    PyObject_Free(object);
    Py_DECREF(type);
}

/* Whether the session may be used by this thread now; raises if not. */
static bool is_free(session_object *self)
{
    if (!process_is_fit())
        return false;
    if (self->busy)
        raise_status(TUWEN_INVALID_ARGUMENT,
                     "This Session is computing on another thread; use a Session for each thread, or a Matcher.");
    else if (!self->session)
        raise_status(TUWEN_INVALID_ARGUMENT, "This Session is closed.");
    else
        return true;
    return false;
}

static PyObject *session_close(PyObject *object, PyObject *arguments)
{
    session_object *self = (session_object *)object;
    if (self->session && handles_are_ours() && !is_free(self))
        return NULL;
    release(self);
    Py_RETURN_NONE;
}

/* --- computing ------------------------------------------------------------------------------------------------------- */

static bool bytes_or_none(PyObject *value, const char **bytes, size_t *size)
{
    if (value == Py_None) {
        *bytes = NULL;
        *size = 0;
        return true;
    }
    *bytes = PyBytes_AsString(value);
    *size = *bytes ? (size_t)PyBytes_Size(value) : 0;
    return *bytes;
}

/* (text, picture, name, instruction), each bytes or None. */
static bool read_input(PyObject *from, tuwen_input *input)
{
    size_t name_size;
    const char *picture = NULL;
    if (!PyTuple_Check(from) || PyTuple_Size(from) != 4) {
        PyErr_SetString(PyExc_TypeError, "tuples of four are wanted");
        return false;
    }
    bool good = bytes_or_none(PyTuple_GetItem(from, 0), &input->text, &input->text_size) &&
                bytes_or_none(PyTuple_GetItem(from, 1), &picture, &input->picture_size) &&
                bytes_or_none(PyTuple_GetItem(from, 2), &input->name, &name_size) &&
                bytes_or_none(PyTuple_GetItem(from, 3), &input->instruction, &input->instruction_size);
    input->picture = picture;
    return good;
}

/* The call without the GIL, anew when a signal ended it whose handler did not raise. True: `error` has the status;
 * false: an exception is set. */
static bool compute(session_object *self, const tuwen_input *inputs, size_t count, float *vectors,
                    tuwen_output *outputs, tuwen_error *error)
{
    for (;;) {
        bool caught = catch_interrupt(self->session);
        PyThreadState *thread = compute_begin();
        error->status = tuwen_embed(self->session, inputs, count, vectors, outputs, error);
        compute_end(thread);
        if (caught)
            release_interrupt();
        if (error->status != TUWEN_CANCELLED)
            return true;
        bool asked = self->cancel_asked;
        self->cancel_asked = false;
        if (asked)
            return true;
        if (PyErr_CheckSignals() < 0)
            return false;
    }
}

static PyObject *facts_of(const tuwen_output *outputs, size_t count)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list && i < count; i++) {
        const tuwen_output *output = outputs + i;
        PyObject *facts = Py_BuildValue("(siiNiis)", tuwen_status_name(output->status), output->tokens,
                                        output->image_tokens, PyBool_FromLong(output->truncated),
                                        output->picture_width, output->picture_height, output->message);
        if (!facts || PyList_SetItem(list, (Py_ssize_t)i, facts) < 0) {
            Py_DECREF(list);
            return NULL;
        }
    }
    return list;
}

/* Where the vectors of `count` inputs go: from row `start` of the bytearray on; NULL and raises if they do not fit. */
static float *rows_of(session_object *self, PyObject *vectors, Py_ssize_t start, Py_ssize_t count)
{
    Py_ssize_t row = (Py_ssize_t)(tuwen_model_dimension(self->model->model) * sizeof(float));
    if (PyByteArray_Check(vectors) && start >= 0 && start <= PyByteArray_Size(vectors) / row - count)
        return (float *)(void *)(PyByteArray_AsString(vectors) + start * row);
    PyErr_SetString(PyExc_TypeError, "a bytearray with a row of float32 for each input is wanted");
    return NULL;
}

/* embed(inputs: tuple, vectors: bytearray, start: its first row to fill, with_outputs) -> outputs or None. The caller sees to it that
 * the bytearray keeps its size meanwhile: a NumPy array over it does. */
static PyObject *session_embed(PyObject *object, PyObject *arguments)
{
    session_object *self = (session_object *)object;
    PyObject *list, *vectors;
    Py_ssize_t start;
    int with_outputs;
    if (!PyArg_ParseTuple(arguments, "OOnp", &list, &vectors, &start, &with_outputs) || !is_free(self))
        return NULL;
    if (!PyTuple_Check(list)) {
        PyErr_SetString(PyExc_TypeError, "a tuple of inputs is wanted");
        return NULL;
    }
    size_t count = (size_t)PyTuple_Size(list);
    float *values = rows_of(self, vectors, start, (Py_ssize_t)count);
    tuwen_input *inputs = PyMem_Calloc(count ? count : 1, sizeof *inputs);
    tuwen_output *outputs = with_outputs ? PyMem_Calloc(count ? count : 1, sizeof *outputs) : NULL;
    PyObject *result = NULL;
    bool good = values && inputs && (outputs || !with_outputs);
    if (!good && !PyErr_Occurred())
        PyErr_NoMemory();
    for (size_t i = 0; good && i < count; i++)
        good = read_input(PyTuple_GetItem(list, (Py_ssize_t)i), inputs + i);
    if (good) {
        tuwen_error error = {0};
        self->busy = true;
        good = compute(self, inputs, count, values, outputs, &error);
        self->busy = false;
        if (good && error.status != TUWEN_OK)
            raise_error(&error);
        else if (good && with_outputs)
            result = facts_of(outputs, count);
        else if (good)
            result = Py_BuildValue("");
    }
    PyMem_Free(inputs);
    PyMem_Free(outputs);
    return result;
}

/* From any thread, at any time. */
static PyObject *session_cancel(PyObject *object, PyObject *arguments)
{
    session_object *self = (session_object *)object;
    if (self->session && handles_are_ours()) {
        self->cancel_asked = true;
        tuwen_session_cancel(self->session);
    }
    Py_RETURN_NONE;
}

static PyObject *session_busy(PyObject *object, PyObject *arguments)
{
    return PyBool_FromLong(((session_object *)object)->busy);
}

/* facts() -> (fingerprint, exact fingerprint, image_tokens_min, image_tokens_max, max_length, max_picture_bytes) */
static PyObject *session_facts(PyObject *object, PyObject *arguments)
{
    session_object *self = (session_object *)object;
    if (!self->session) {
        raise_status(TUWEN_INVALID_ARGUMENT, "This Session is closed.");
        return NULL;
    }
    const tuwen_session_options *options = tuwen_session_get_options(self->session);
    return Py_BuildValue("(ssiiiK)", tuwen_session_fingerprint(self->session),
                         tuwen_session_exact_fingerprint(self->session), options->image_tokens_min,
                         options->image_tokens_max, options->max_length,
                         (unsigned long long)options->max_picture_bytes);
}

static PyMethodDef methods[] = {
    {"close", session_close, METH_NOARGS, NULL},   {"embed", session_embed, METH_VARARGS, NULL},
    {"cancel", session_cancel, METH_NOARGS, NULL}, {"busy", session_busy, METH_NOARGS, NULL},
    {"facts", session_facts, METH_NOARGS, NULL},   {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, (void *)session_new}, {Py_tp_dealloc, (void *)session_dealloc}, {Py_tp_methods, methods}, {0, NULL}};

PyType_Spec session_spec = {
    .name = "tuwen._tuwen.Session", .basicsize = sizeof(session_object), .flags = Py_TPFLAGS_DEFAULT, .slots = slots};
