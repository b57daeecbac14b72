import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, test } from '@jest/globals'
import { DelayProxy } from '../src/delay-proxy.ts'

test('what goes in comes out in order, not earlier than the delay of each way', async () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    await using proxy = await DelayProxy.start('127.0.0.1', `127.0.0.1:${port}`, { delay: 30 })
    const socket = connect({ host: '127.0.0.1', port: Number(proxy.address.split(':')[1]) })
    await once(socket, 'connect')
    const start = performance.now()
    for (let index = 0; index < 100; index += 1) socket.write(`${index},`)
    socket.end()
    let text = ''
    for await (const bytes of socket) text += String(bytes)
    expect(text).toBe(Array.from({ length: 100 }, (_, index) => `${index},`).join(''))
    expect(performance.now() - start).toBeGreaterThanOrEqual(59)
  } finally {
    server.close()
  }
})

test('the target is heard no faster than the rate', async () => {
  const server = createServer((socket) => socket.end(Buffer.alloc(300_000, 7)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    await using proxy = await DelayProxy.start('127.0.0.1', `127.0.0.1:${port}`, { delay: 1, rate: 1_000_000 })
    const start = performance.now()
    const socket = connect({ host: '127.0.0.1', port: Number(proxy.address.split(':')[1]) })
    let length = 0
    for await (const bytes of socket) length += (bytes as Buffer).length
    expect(length).toBe(300_000)
    expect(performance.now() - start).toBeGreaterThan(290)
  } finally {
    server.close()
  }
})
