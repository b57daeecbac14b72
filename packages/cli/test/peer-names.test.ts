import { expect, jest, test } from '@jest/globals'
import { type NameLookup, resolvePeers } from '../src/peer-names.ts'

const lookup = jest.fn<NameLookup>((name) =>
  name === 'seed.example'
    ? Promise.resolve([{ address: '192.0.2.1' }, { address: '2001:db8::1' }])
    : Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })),
)

test('takes addresses as they are and every address of a name', async () => {
  const targets = [
    { host: '127.0.0.1', port: 1 },
    { host: '::1', port: 2 },
    { host: 'seed.example', port: 3 },
  ]
  const found = await resolvePeers(targets, { lookup })
  expect(found.map(({ host, port }) => `${host} ${port}`)).toEqual([
    '127.0.0.1 1',
    '::1 2',
    '192.0.2.1 3',
    '2001:db8::1 3',
  ])
  expect(lookup).toHaveBeenCalledTimes(1)
})

test('a name without an address is bad input', async () => {
  await expect(resolvePeers([{ host: 'nobody.invalid', port: 1 }], { lookup })).rejects.toMatchObject({
    code: 'PEER_UNRESOLVED',
    message: expect.stringContaining('nobody.invalid') as unknown,
  })
})

test('does not wait for a resolver when the command has to stop', async () => {
  const stop = new AbortController()
  const slow: NameLookup = () => new Promise(() => {})
  const resolving = resolvePeers([{ host: 'slow.example', port: 1 }], { lookup: slow, signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(resolving).rejects.toThrow('enough')
})
