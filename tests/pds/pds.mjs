// A Bluesky PDS and a PLC directory of its own, for the tests; its data is in a folder that goes with it.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { freePort, given, named, ownFolder, secret, serve } from './serving.mjs'

const { PlcServer, Database } = await named('@did-plc/server', 'PlcServer')
const { PDS, envToCfg, envToSecrets, readEnv } = await named('@atproto/pds', 'PDS')

const directory = ownFolder()
const blobs = join(directory, 'blobs')
mkdirSync(blobs)

const plc = PlcServer.create({ db: Database.mock(), port: await freePort() })
const plcListening = await plc.start()
const plcUrl = `http://localhost:${plcListening.address().port}` // by name: later releases refuse an address

const port = await freePort()
const jwtSecret = secret(16)
const adminPassword = secret(16)
const env = {
  ...readEnv(),
  port,
  hostname: 'localhost', // the one name for which its documents say http and the port
  devMode: true, // lets it reach the directory on this machine, and checks its own answers
  inviteRequired: false,
  didPlcUrl: plcUrl,
  dataDirectory: directory,
  blobstoreDiskLocation: blobs,
  blobstoreDiskTmpLocation: join(directory, 'blobs-tmp'),
  blobUploadLimit: Number(given('BLOB_LIMIT') ?? 64 * 1024 * 1024), // room for the videos of the tests
  serviceHandleDomains: ['.test'],
  jwtSecret,
  adminPassword,
  plcRotationKeyK256PrivateKeyHex: secret(32),
  rateLimitsEnabled: given('RATE_LIMITS') === '1',
  enableDidDocWithSession: true,
  crawlers: [],
}
const appView = given('APPVIEW_URL')
if (appView) Object.assign(env, { bskyAppViewUrl: appView, bskyAppViewDid: 'did:web:appview.test' })

const pds = await PDS.create(envToCfg(env), envToSecrets(env))
await pds.start()

serve({ url: `http://localhost:${port}`, plcUrl, jwtSecret, adminPassword, serviceDid: pds.ctx.cfg.service.did }, async () => {
  await pds.destroy()
  await plc.destroy()
})
