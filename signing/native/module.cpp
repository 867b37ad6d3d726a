// countersign._kernel: the door to Python. Typed in countersign/_kernel.pyi.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <cstring>

#include "implementations.h"
#include "workers.h"

namespace {

using countersign::Algorithm;
using countersign::Available;
using countersign::Implementation;
using countersign::Pages;

// The state of the module: what was found when it was imported.
const Available &available(PyObject *module) {
    return *static_cast<const Available *>(PyModule_GetState(module));
}

// Null for a name that is not among the available ones; the fastest for no name.
const Implementation *find_implementation(const Available &available, const char *name) {
    if (name == nullptr) return available.each[0];
    for (unsigned i = 0; i < available.count; ++i) {
        if (std::strcmp(available.each[i]->name, name) == 0) return available.each[i];
    }
    return nullptr;
}

struct Request {
    Pages pages;
    const Algorithm *algorithm;
    const Implementation *implementation;
    unsigned threads;
};

PyObject *answer(const Request &request) {
    const size_t count = request.pages.count();
    const size_t digest_size = request.algorithm->digest_size;
    if (count > PY_SSIZE_T_MAX / digest_size) {
        PyErr_SetString(PyExc_OverflowError, "there are too many pages");
        return nullptr;
    }
    PyObject *digests =
        PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(count * digest_size));
    if (digests == nullptr) return nullptr;
    auto *bytes = reinterpret_cast<std::uint8_t *>(PyBytes_AsString(digests));
    Py_BEGIN_ALLOW_THREADS
    countersign::hash_pages(request.pages, *request.algorithm, *request.implementation,
                            request.threads, bytes);
    Py_END_ALLOW_THREADS
    return digests;
}

struct Arguments {
    Py_buffer data;
    Py_ssize_t page_size;
    const char *algorithm;
    int threads;
    const char *implementation;
};

PyObject *checked_answer(const Available &available, const Arguments &arguments) {
    if (arguments.page_size < 1) {
        return PyErr_Format(PyExc_ValueError, "page_size must be positive, not %zd",
                            arguments.page_size);
    }
    if (arguments.threads < 1) {
        return PyErr_Format(PyExc_ValueError, "threads must be positive, not %d",
                            arguments.threads);
    }
    const Request request = {{static_cast<const std::uint8_t *>(arguments.data.buf),
                              static_cast<size_t>(arguments.data.len),
                              static_cast<size_t>(arguments.page_size)},
                             countersign::find_algorithm(arguments.algorithm),
                             find_implementation(available, arguments.implementation),
                             static_cast<unsigned>(arguments.threads)};
    if (request.algorithm == nullptr) {
        return PyErr_Format(PyExc_ValueError, "no algorithm has the name '%s'",
                            arguments.algorithm);
    }
    if (request.implementation == nullptr) {
        return PyErr_Format(PyExc_ValueError, "no implementation with the name '%s' runs here",
                            arguments.implementation);
    }
    return answer(request);
}

PyObject *hash_pages(PyObject *module, PyObject *positional, PyObject *keywords) {
    const char *names[] = {"data", "page_size", "algorithm", "threads", "implementation", nullptr};
    Arguments arguments = {};
    if (!PyArg_ParseTupleAndKeywords(positional, keywords, "y*nsi|z:hash_pages",
                                     const_cast<char **>(names), &arguments.data,
                                     &arguments.page_size, &arguments.algorithm,
                                     &arguments.threads, &arguments.implementation)) {
        return nullptr;
    }
    PyObject *digests = checked_answer(available(module), arguments);
    PyBuffer_Release(&arguments.data);
    return digests;
}

PyObject *names_of(const Available &available) {
    PyObject *names = PyTuple_New(static_cast<Py_ssize_t>(available.count));
    for (unsigned i = 0; names != nullptr && i < available.count; ++i) {
        PyObject *name = PyUnicode_FromString(available.each[i]->name);
        if (name == nullptr || PyTuple_SetItem(names, static_cast<Py_ssize_t>(i), name) < 0) {
            Py_CLEAR(names);
        }
    }
    return names;
}

int fill_module(PyObject *module) {
    auto *available = static_cast<Available *>(PyModule_GetState(module));
    *available = countersign::available_implementations();
    PyObject *names = names_of(*available);
    const bool failed =
        names == nullptr || PyModule_AddObjectRef(module, "implementations", names) < 0 ||
        PyModule_AddStringConstant(module, "implementation", available->each[0]->name) < 0;
    Py_XDECREF(names);
    return failed ? -1 : 0;
}

PyDoc_STRVAR(hash_pages_doc,
             "hash_pages(data, page_size, algorithm, threads, implementation=None)\n--\n\n"
             "Return the digests of all pages of data, one after another.");

PyMethodDef methods[] = {
    {"hash_pages", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(hash_pages)),
     METH_VARARGS | METH_KEYWORDS, hash_pages_doc},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef_Slot slots[] = {
    {Py_mod_exec, reinterpret_cast<void *>(fill_module)},
#if defined(Py_mod_gil)
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr},
};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "_kernel",
    "The page-hash kernel.",
    sizeof(Available),
    methods,
    slots,
    nullptr,
    nullptr,
    nullptr,
};

}  // namespace

PyMODINIT_FUNC PyInit__kernel() { return PyModuleDef_Init(&definition); }
