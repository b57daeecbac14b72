import { fileURLToPath } from 'node:url'

/** The file of the `torrential` command. Source, output and bundle lie equally deep in the package. */
export const PROGRAM_FILE: string = fileURLToPath(new URL('../bin/torrential.js', import.meta.url))
