// A server on which each test hangs its own misbehaviour: it gets the raw socket once the request's head has come.

import { createServer, type Socket } from 'node:net'

export interface OddServer extends AsyncDisposable {
  readonly port: number
  /** Request heads so far. */
  readonly heads: string[]
  /** Resolves when `count` requests have come. */
  requests(count: number): Promise<void>
}

export async function oddHttpServer(
  behave: (socket: Socket, head: string) => void,
  host = '127.0.0.1',
): Promise<OddServer> {
  const heads: string[] = []
  const sockets = new Set<Socket>()
  const waiting = new Set<() => void>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    let text = ''
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1')
      if (!text.includes('\r\n\r\n')) return
      const head = text
      text = ''
      heads.push(head)
      behave(socket, head)
      for (const check of waiting) check()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const address = server.address()
  return {
    port: (address as { port: number }).port,
    heads,
    requests: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (heads.length < count) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A well-formed response. */
export function response(body: Uint8Array | string, headers: readonly string[] = [], status = '200 OK'): Buffer {
  const bytes = Buffer.from(body as string, 'latin1')
  const head = [`HTTP/1.1 ${status}`, `Content-Length: ${bytes.length}`, 'Connection: close', ...headers]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), bytes])
}
