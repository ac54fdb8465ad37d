/** A supervisor of its own, for the test that kills it. Arguments: state directory, image table as JSON. */
import { startCluster } from '../../src/index.ts';
import { cacheDirectory } from '../cluster-fixture.ts';

const [, , stateDirectory = '', images = '{}'] = process.argv;
const cluster = await startCluster({
  ...{ stateDirectory, cacheDirectory, images: JSON.parse(images) },
  addons: false,
});
console.log(cluster.kubeconfigPath);
