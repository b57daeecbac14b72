/** Name of our own entry in every table. */
export const OURS = 'torrential'
