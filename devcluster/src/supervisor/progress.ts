/** What a start tells on its way: a part, how it stands, and a few words. */
export type ClusterProgress = {
  part: string;
  state: 'waiting' | 'working' | 'ready' | 'skipped' | 'failed';
  detail: string;
};

export type Report = (part: string, state: ClusterProgress['state'], detail?: string) => void;
