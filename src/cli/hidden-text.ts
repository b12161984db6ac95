import { counted } from '../text/counted.ts';

/** What is said of cgroups that are left out: a container can name its own so that no text in UTF-8 can tell the name. */
export const hiddenText = (hidden: number): string =>
  `${counted(hidden, 'cgroup')} left out, whose path is no UTF-8: ps -eo pid,cgroup shows what runs there`;
