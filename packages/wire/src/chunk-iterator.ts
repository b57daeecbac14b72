// Reading a stream with `for await`. streamx brings an iterator, but that one ends when the whole stream has closed; on a
// connection whose two directions end one after the other each would wait for the other for ever. This one ends with the
// readable side.

import type { DuplexOfBytes } from './stream-base.ts'

/** The chunks of the readable side; leaving the loop early destroys the stream, and an error of the stream is thrown. */
export async function* iterateChunks(
  stream: DuplexOfBytes,
  failure: () => Error | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const state = { ended: false, wake: () => {} }
  const onReadable = () => state.wake()
  const onEnd = () => {
    state.ended = true
    state.wake()
  }
  stream.on('readable', onReadable)
  stream.on('end', onEnd)
  stream.on('close', onReadable)
  try {
    while (!state.ended) {
      const chunk = stream.read()
      if (chunk !== null) yield chunk
      else if (stream.destroyed) break
      else await new Promise<void>((resolve) => (state.wake = resolve))
    }
  } finally {
    stream.off('readable', onReadable)
    stream.off('end', onEnd)
    stream.off('close', onReadable)
    if (!state.ended) stream.destroy()
  }
  const error = failure()
  if (error !== undefined) throw error
}
