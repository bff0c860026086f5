/* SPDX-License-Identifier: Apache-2.0 */
/* tuwen._tuwen.Profile: from cosines to probabilities. */
#include "module.h"

typedef struct profile_object {
    PyObject ob_base;
    tuwen_profile *profile;
} profile_object;

/* Profile(path) */
static PyObject *profile_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *path;
    if (!PyArg_ParseTuple(arguments, "S", &path))
        return NULL;
    profile_object *self = (profile_object *)PyType_GenericAlloc(type, 0);
    if (!self)
        return NULL;
    tuwen_error error = {0};
    if (tuwen_profile_open(PyBytes_AsString(path), &self->profile, &error) == TUWEN_OK)
        return (PyObject *)self;
    raise_error(&error);
    Py_DECREF(self);
    return NULL;
}

static void profile_dealloc(PyObject *object)
{
    tuwen_profile_close(((profile_object *)object)->profile);
    PyTypeObject *type = Py_TYPE(object);
    PyObject_Free(object);
    Py_DECREF(type);
}

/* facts() -> (name, model, space, instruction, fingerprint, dimension, yes, no, prior, temperature, band_from) */
static PyObject *profile_facts(PyObject *object, PyObject *arguments)
{
    const tuwen_profile_info *info = tuwen_profile_get_info(((profile_object *)object)->profile);
    return Py_BuildValue("(zzzzznnndd(dddd))", info->name, info->model, info->space, info->instruction,
                         info->fingerprint, (Py_ssize_t)info->dimension, (Py_ssize_t)info->yes, (Py_ssize_t)info->no,
                         info->prior, info->temperature, (double)info->band_from[0], (double)info->band_from[1],
                         (double)info->band_from[2], (double)info->band_from[3]);
}

/* check(space, instruction or None) */
static PyObject *profile_check(PyObject *object, PyObject *arguments)
{
    const char *space, *instruction;
    tuwen_error error = {0};
    if (!PyArg_ParseTuple(arguments, "sz", &space, &instruction))
        return NULL;
    if (tuwen_profile_check(((profile_object *)object)->profile, space, instruction, &error) != TUWEN_OK) {
        raise_error(&error);
        return NULL;
    }
    Py_RETURN_NONE;
}

typedef struct judged {
    const tuwen_profile *profile;
    floats cosines, pictures, texts;
    size_t dimension, rows, columns;
    float *levels; /* [rows + columns] */
    tuwen_language *languages;
    float *match;
    char *bands;
} judged;

static void judge(const judged *of)
{
    for (size_t i = 0; i < of->rows; i++)
        of->levels[i] = tuwen_profile_picture_level(of->profile, of->pictures.values + i * of->dimension);
    for (size_t j = 0; j < of->columns; j++)
        of->levels[of->rows + j] = tuwen_profile_text_level(of->profile, of->texts.values + j * of->dimension);
    for (size_t k = 0; k < of->rows * of->columns; k++) {
        size_t row = k / of->columns, column = k % of->columns;
        tuwen_profile_pair pair = {of->cosines.values[k], of->levels[row], of->levels[of->rows + column],
                                   of->languages[column]};
        of->match[k] = tuwen_profile_match(of->profile, &pair);
        of->bands[k] = (char)tuwen_profile_band(of->profile, of->match[k]);
    }
}

static bool read_languages(PyObject *texts, tuwen_language *languages)
{
    for (Py_ssize_t i = 0; i < PyTuple_Size(texts); i++) {
        PyObject *text = PyTuple_GetItem(texts, i);
        const char *bytes = PyBytes_AsString(text);
        if (!bytes)
            return false;
        languages[i] = tuwen_text_language(bytes, (size_t)PyBytes_Size(text));
    }
    return true;
}

/* judge(cosines, picture vectors, text vectors, texts) -> (match, bands as bytes), of vectors that check() let pass */
static PyObject *profile_judge(PyObject *object, PyObject *arguments)
{
    PyObject *cosines, *pictures, *texts_vectors, *texts;
    judged of = {.profile = ((profile_object *)object)->profile};
    if (!PyArg_ParseTuple(arguments, "OOOO!", &cosines, &pictures, &texts_vectors, &PyTuple_Type, &texts) ||
        !floats_of(cosines, &of.cosines) || !floats_of(pictures, &of.pictures) ||
        !floats_of(texts_vectors, &of.texts))
        return NULL;
    of.dimension = tuwen_profile_get_info(of.profile)->dimension;
    of.rows = of.pictures.count / of.dimension;
    of.columns = of.texts.count / of.dimension;
    if ((size_t)PyTuple_Size(texts) != of.columns || of.cosines.count != of.rows * of.columns) {
        PyErr_SetString(PyExc_ValueError, "cosines, vectors and texts differ in number");
        return NULL;
    }
    PyObject *match = new_floats(of.cosines.count, &of.match);
    PyObject *bands = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)of.cosines.count);
    of.levels = PyMem_Calloc(of.rows + of.columns + 1, sizeof *of.levels);
    of.languages = PyMem_Calloc(of.columns + 1, sizeof *of.languages);
    bool good = match && bands && of.levels && of.languages;
    if (!good && !PyErr_Occurred())
        PyErr_NoMemory();
    if (good)
        good = read_languages(texts, of.languages);
    if (good) {
        of.bands = PyByteArray_AsString(bands);
        PyThreadState *thread = compute_begin();
        judge(&of);
        compute_end(thread);
    }
    PyMem_Free(of.levels);
    PyMem_Free(of.languages);
    if (good)
        return Py_BuildValue("(NN)", match, bands);
    Py_XDECREF(match);
    Py_XDECREF(bands);
    return NULL;
}

static PyMethodDef methods[] = {
    {"facts", profile_facts, METH_NOARGS, NULL},
    {"check", profile_check, METH_VARARGS, NULL},
    {"judge", profile_judge, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, (void *)profile_new}, {Py_tp_dealloc, (void *)profile_dealloc}, {Py_tp_methods, methods}, {0, NULL}};

PyType_Spec profile_spec = {
    .name = "tuwen._tuwen.Profile", .basicsize = sizeof(profile_object), .flags = Py_TPFLAGS_DEFAULT, .slots = slots};
