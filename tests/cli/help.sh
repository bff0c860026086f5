# SPDX-License-Identifier: Apache-2.0
# The overview, in both languages; asked for, it goes to standard output.
tuwen help
tuwen --help --lang zh
