// A Bluesky PDS and a PLC directory of its own, for the tests: on 127.0.0.1, its data in a folder that goes with it.
// One line of JSON on standard output says that it is ready. It stops when its standard input is closed, so that a
// killed test leaves nothing behind, and on SIGTERM.
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const LOOPBACK = '127.0.0.1'
const given = (name) => process.env[`PDS_TEST_${name}`]
const secret = (bytes) => randomBytes(bytes).toString('hex')

process.env.LOG_ENABLED ??= 'false' // read while the packages load

// Releases up to 0.4 are CommonJS, later ones ESM.
const { PlcServer, Database } = await named('@did-plc/server', 'PlcServer')
const { PDS, envToCfg, envToSecrets, readEnv } = await named('@atproto/pds', 'PDS')

async function named(name, probe) {
  const loaded = await import(name)
  return probe in loaded ? loaded : loaded.default
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, LOOPBACK, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

// Both servers listen without naming a host, which would be every interface of the machine.
function onLoopback(app) {
  const listen = app.listen.bind(app)
  app.listen = (port) => listen(port, LOOPBACK)
}

const directory = mkdtempSync(join(tmpdir(), 'threadsync-pds-'))
const blobs = join(directory, 'blobs')
mkdirSync(blobs)

const plc = PlcServer.create({ db: Database.mock(), port: await freePort() })
onLoopback(plc.app)
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
onLoopback(pds.app)
await pds.start()

const ready = { url: `http://localhost:${port}`, plcUrl, jwtSecret, adminPassword, serviceDid: pds.ctx.cfg.service.did }
process.stdout.write(`${JSON.stringify(ready)}\n`)

let stopping = false
async function stop() {
  if (stopping) return
  stopping = true
  setTimeout(() => process.exit(1), 5000).unref()
  await pds.destroy()
  await plc.destroy()
  rmSync(directory, { recursive: true, force: true })
  process.exit(0)
}
process.on('SIGTERM', stop).on('SIGINT', stop)
process.stdin.on('end', stop).on('close', stop).resume()
