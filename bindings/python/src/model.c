/* SPDX-License-Identifier: Apache-2.0 */
/* tuwen._tuwen.Model: a checkpoint, and its scale. */
#include <string.h>

#include "module.h"

static void log_line(void *user, const char *line)
{
    PyGILState_STATE held = PyGILState_Ensure();
    PyObject *result = PyObject_CallFunction(user, "s", line);
    if (result)
        Py_DECREF(result);
    else
        PyErr_WriteUnraisable(user);
    PyGILState_Release(held);
}

/* Model(path, threads, isa, precision, remake, log) */
static PyObject *model_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *path;
    int precision, remake;
    tuwen_model_options options = {0};
    if (!PyArg_ParseTuple(arguments, "SizipO", &path, &options.threads, &options.isa, &precision, &remake,
                          &options.log_user) ||
        !process_is_fit())
        return NULL;
    options.precision = (tuwen_precision)precision;
    options.remake = remake;
    options.log = log_line;
    model_object *self = (model_object *)PyType_GenericAlloc(type, 0);
    if (!self)
        return NULL;
    tuwen_error error = {0};
    const char *name = PyBytes_AsString(path);
    PyThreadState *thread = compute_begin();
    tuwen_status status = tuwen_model_open(name, &options, &self->model, &error);
    compute_end(thread);
    if (status == TUWEN_OK)
        return (PyObject *)self;
    raise_error(&error);
    Py_DECREF(self);
    return NULL;
}

static void release(model_object *self)
{
    if (!self->closed || self->sessions > 0)
        return;
    if (handles_are_ours())
        tuwen_model_close(self->model);
    self->model = NULL;
}

static void model_dealloc(PyObject *object)
{
    model_object *self = (model_object *)object;
    self->closed = true;
    release(self);
    PyTypeObject *type = Py_TYPE(object);
    PyObject_Free(object);
    Py_DECREF(type);
}

PyTypeObject *model_type;

bool model_is_open(PyObject *object)
{
    if (!PyObject_TypeCheck(object, model_type)) {
        PyErr_SetString(PyExc_TypeError, "a tuwen.Model is wanted");
        return false;
    }
    if (!((model_object *)object)->closed)
        return true;
    raise_status(TUWEN_INVALID_ARGUMENT, "This Model is closed.");
    return false;
}

void model_leave(model_object *model)
{
    model->sessions--;
    release(model);
}

static PyObject *model_close(PyObject *object, PyObject *arguments)
{
    model_object *self = (model_object *)object;
    self->closed = true;
    release(self);
    Py_RETURN_NONE;
}

/* Adds `value`, whose reference it takes, to the dictionary. */
static bool put(PyObject *dictionary, const char *name, PyObject *value)
{
    bool good = value && PyDict_SetItemString(dictionary, name, value) == 0;
    Py_XDECREF(value);
    return good;
}

/* The fields of tuwen_model_info, by kind. */
/* clang-format off */
#define TEXTS(X) \
    X(path) X(name) X(fingerprint) X(weight_dtype) X(precision) X(made_by) X(default_instruction) X(match_instruction)
#define SIZES(X) X(file_bytes) X(parameters) X(vision_parameters) X(weight_bytes)
#define NUMBERS(X) \
    X(tensors) X(shards) X(dimension) X(text_layers) X(text_heads) X(text_kv_heads) X(text_head_dim) \
    X(text_intermediate) X(vocabulary) X(vision_layers) X(vision_heads) X(vision_dim) X(vision_mlp) X(patch_size) \
    X(merge_size) X(image_tokens_min) X(image_tokens_max) X(max_length)
#define REALS(X) X(score_low) X(score_high)
/* clang-format on */

static PyObject *model_info(PyObject *object, PyObject *arguments)
{
    if (!model_is_open(object))
        return NULL;
    const tuwen_model_info *info = tuwen_model_get_info(((model_object *)object)->model);
    PyObject *facts = PyDict_New();
    if (!facts)
        return NULL;
    bool good = true;
#define TEXT(name) good = good && put(facts, #name, Py_BuildValue("z", info->name));
#define SIZE(name) good = good && put(facts, #name, PyLong_FromUnsignedLongLong(info->name));
#define NUMBER(name) good = good && put(facts, #name, PyLong_FromLong(info->name));
#define REAL(name) good = good && put(facts, #name, PyFloat_FromDouble((double)info->name));
    TEXTS(TEXT)
    SIZES(SIZE)
    NUMBERS(NUMBER)
    REALS(REAL)
    good = good && put(facts, "fits_machine", PyBool_FromLong(info->fits_machine));
    good = good && put(facts, "band_from",
                       Py_BuildValue("(dddd)", (double)info->band_from[0], (double)info->band_from[1],
                                     (double)info->band_from[2], (double)info->band_from[3]));
    if (good)
        return facts;
    Py_DECREF(facts);
    return NULL;
}

/* judge(cosines) -> (scores, bands as bytes) */
static PyObject *model_judge(PyObject *object, PyObject *bytes)
{
    floats cosines;
    float *scores = NULL;
    if (!model_is_open(object) || !floats_of(bytes, &cosines))
        return NULL;
    PyObject *result = new_floats(cosines.count, &scores);
    PyObject *bands = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)cosines.count);
    if (!result || !bands) {
        Py_XDECREF(result);
        Py_XDECREF(bands);
        return NULL;
    }
    char *band = PyByteArray_AsString(bands);
    for (size_t i = 0; i < cosines.count; i++) {
        tuwen_score score = tuwen_score_cosine(((model_object *)object)->model, cosines.values[i]);
        scores[i] = score.score;
        band[i] = (char)score.band;
    }
    return Py_BuildValue("(NN)", result, bands);
}

static PyObject *model_share_temperature(PyObject *object, PyObject *arguments)
{
    if (!model_is_open(object))
        return NULL;
    return PyFloat_FromDouble(tuwen_share_temperature(tuwen_model_get_info(((model_object *)object)->model)));
}

static PyMethodDef methods[] = {
    {"close", model_close, METH_NOARGS, NULL},
    {"info", model_info, METH_NOARGS, NULL},
    {"judge", model_judge, METH_O, NULL},
    {"share_temperature", model_share_temperature, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, (void *)model_new}, {Py_tp_dealloc, (void *)model_dealloc}, {Py_tp_methods, methods}, {0, NULL}};

PyType_Spec model_spec = {
    .name = "tuwen._tuwen.Model", .basicsize = sizeof(model_object), .flags = Py_TPFLAGS_DEFAULT, .slots = slots};
