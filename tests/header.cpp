// SPDX-License-Identifier: Apache-2.0
// The same in C++.
#include HEADER
#include HEADER

tuwen_status header_status();

tuwen_status header_status()
{
    tuwen_error error = {};
    return error.status;
}
