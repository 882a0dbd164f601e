//! Every operation by itself, on edge values, with operands in registers and as constants.
