export { type ClusterOptions, type RunningCluster, startCluster } from './cluster.ts';
export type { ControllerName, ControllerOptions } from './controllers/start.ts';
export { startControllers } from './controllers/start.ts';
export { ClusterError, type ClusterErrorCode, isClusterError } from './errors.ts';
export { type Entrypoint, type ImageTable, repositoryImages, SOURCE_DIGEST } from './kubelet/images.ts';
export { type Kubelet, type KubeletOptions, startKubelet } from './kubelet/start.ts';
export type { KafkaAddon, KmsAddon, PostgresAddon } from './supervisor/addons.ts';
export type { ControlPlane, ControlPlaneLauncher } from './supervisor/control-plane.ts';
export type { ClusterProgress } from './supervisor/progress.ts';
