export { cacheDirectory, cachedProgram } from "./cache.ts";
export { type Engine, startEngine } from "./engine.ts";
export { freePorts } from "./free-port.ts";
export { installKafka, kafkaLibraries } from "./kafka-install.ts";
export { type KafkaEngine, type KafkaSecureAccess, startKafka } from "./kafka.ts";
export { startMinio } from "./minio.ts";
export type { S3Credentials, S3Engine, S3EngineOptions } from "./s3-engine.ts";
export { type Direction, type Proxy, startToxiproxy, type Toxic, type Toxiproxy } from "./toxiproxy.ts";
export { startVersitygw } from "./versitygw.ts";
