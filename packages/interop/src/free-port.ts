// Ports for programs that cannot be asked to take any free one and say which.
//
// Drawn below the kernel's own range (32,768 and up), so that no outgoing connection of a test running beside this one can take
// the port between our look and the program's bind.
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

const lowest = 10_240
const highest = 32_000
const given = new Set<number>()

/** A port that was free for TCP and UDP a moment ago and has not been given out by this process before. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest)
    if (given.has(port) || !(await isFree(host, port))) continue
    given.add(port)
    return port
  }
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer()
  const socket = createSocket('udp4')
  try {
    server.listen(port, host)
    await once(server, 'listening')
    socket.bind(port, host)
    await once(socket, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
    socket.close()
  }
}
