// Writing that waits for the reader. `write` returning false means that the reader of stdout is slower than we are; going on
// would pile everything up in memory.

import type { OutputStream } from './cli-context.ts'

/** Writes, and resolves once the stream takes more (or is closed: whoever closed it also fires the command's signal). */
export async function drainedWrite(stream: OutputStream, data: string | Uint8Array): Promise<void> {
  if (data.length === 0 || stream.write(data)) return
  await new Promise<void>((resolve) => {
    const settle = () => {
      stream.off('drain', settle)
      stream.off('close', settle)
      resolve()
    }
    stream.once('drain', settle)
    stream.once('close', settle)
  })
}
