"""Laws: pure scalar functions of biology, one equation each. No loops, no state, no input or output."""
