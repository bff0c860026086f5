/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the module tuwen._tuwen share: the types, errors, the release of the GIL, arrays of floats. */
#ifndef TUWEN_PYTHON_MODULE_H
#define TUWEN_PYTHON_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

#include "tuwen/profile.h"
#include "tuwen/tuwen.h"

/* A model, and how many sessions are open: it is freed when it is closed and none is. */
typedef struct model_object {
    PyObject ob_base;
    tuwen_model *model;
    int sessions;
    bool closed;
} model_object;

extern PyType_Spec model_spec, session_spec, profile_spec;

extern PyTypeObject *model_type; /* once the module is made */

/* Whether `object` is a model that is not closed; raises if not. */
bool model_is_open(PyObject *object);

/* A session of the model ends. */
void model_leave(model_object *model);

/* Raises the class of tuwen.Error for the status. */
void raise_status(tuwen_status status, const char *message);
void raise_error(const tuwen_error *error);

/* Whether this process may compute, after a fork; raises if not. */
bool process_is_fit(void);

/* The same without raising: handles of a process that is not fit are left alone. */
bool handles_are_ours(void);

/* Around everything that takes time: without the GIL, and counted. */
PyThreadState *compute_begin(void);
void compute_end(PyThreadState *thread);

typedef struct floats {
    const float *values;
    size_t count;
} floats;

/* The numbers in a bytes object, which must live on; raises if it has none. */
bool floats_of(PyObject *bytes, floats *view);

/* A new bytearray of `count` floats. */
PyObject *new_floats(size_t count, float **values);

#endif
