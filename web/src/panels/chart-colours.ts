// Without the charts' library, for what is there before it.

/** How many colours `--line-N` there are for lines that stand for different things. */
export const LINE_COLOURS = 8;
