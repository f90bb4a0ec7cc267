# cython: language_level=3, boundscheck=False, wraparound=False, binding=False, auto_pickle=False
# cython: embedsignature=True, embedsignature.format=clinic, subinterpreters_compatible=own_gil
"""The compiled twins for interpreters other than a process's first: httpconn._speedups_isolated.

The same source, translated a second time with Cython's CYTHON_USE_MODULE_STATE and CYTHON_USE_TYPE_SPECS (setup.py): its
types, constants and names belong to the module of each interpreter. To look these up costs an atomic operation or two
each time, which is why the first interpreter keeps ``_speedups``, where they are C variables.
"""

include "_speedups.pyx"

import atexit
import sys

# Two things that Cython 3.3.1 takes for a module with a state of its own and never gives back: a reference to the module,
# and the code objects that it keeps for tracebacks. Either would outlive the interpreter, and one block that is left keeps
# all of the interpreter's memory (2 to 7 MiB, seen with CPython 3.15). For exactly the version in which it was seen:
# elsewhere, giving back what has been given back already would be worse. tests/isolated/interpreters.py would tell.
cdef extern from *:
    """
    #if CYTHON_HEX_VERSION == 0x030301F0
    #define httpconn_give_back_module(module) Py_DECREF(module)
    #define httpconn_give_back_code() do { \\
        struct __Pyx_CodeObjectCache *cache = &__pyx_mstate_global->__pyx_code_cache; \\
        int i, count = cache->count; \\
        cache->count = 0; \\
        for (i = 0; i < count; i++) Py_DECREF(cache->entries[i].code_object); \\
        PyMem_Free(cache->entries); \\
        cache->entries = NULL; \\
        cache->max_count = 0; \\
    } while (0)
    #else
    #define httpconn_give_back_module(module)
    #define httpconn_give_back_code()
    #endif
    """
    void httpconn_give_back_module(object module)
    void httpconn_give_back_code()


def _give_back_code():
    """Called when the interpreter ends. What is raised here after that is kept once more, and leaks."""
    httpconn_give_back_code()


atexit.register(_give_back_code)
httpconn_give_back_module(sys.modules[__name__])
