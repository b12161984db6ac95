import { frameOf } from '/work/main/test/dashboard/frames.ts';
import { compose } from '/work/main/src/dashboard/compose.ts';
import { shownOf } from '/work/main/src/dashboard/rows.ts';
import { INITIAL } from '/work/main/src/dashboard/state.ts';
import { createEventLog } from '/work/main/src/metrics/events.ts';
import { createHistory } from '/work/main/src/metrics/history.ts';
import { CHARTED } from '/work/main/src/dashboard/chart-view.ts';
import { chooseDashboard } from '/work/main/src/dashboard/choose-dashboard.ts';
import { renderLine } from '/work/main/src/dashboard/style.ts';
import { themeOf } from '/work/main/src/dashboard/themes.ts';
const loads = [{name:'root',kind:'slice' as const,path:'/s'}, ...Array.from({length:1000},(_,i)=>({name:`container-${i}`,cpu:i%97,memory:i*1e6,path:`/s/c${i}`}))];
const dash = chooseDashboard(undefined,'/x').dashboards;
const log = createEventLog(); const history = createHistory(CHARTED, 300); const theme = themeOf('dark', false);
for (const state of [INITIAL, {...INITIAL, grouping:'tree' as const},{...INITIAL, grouping:'project' as const},{...INITIAL, filter:'cpu > 10 and name ~ 1'}]) {
  const times:number[]=[]; let parts=[0,0,0,0];
  for (let n=0;n<150;n++){ const frame=frameOf(loads); const t=(process.cpuUsage().user+process.cpuUsage().system)/1000; log.push(frame); const t1=(process.cpuUsage().user+process.cpuUsage().system)/1000; history.push(frame.usage); const t2=(process.cpuUsage().user+process.cpuUsage().system)/1000; const shown=shownOf(frame,state); const t3=(process.cpuUsage().user+process.cpuUsage().system)/1000;
   const {view}=compose({state,frame,shown,dashboards:dash,processes:undefined,historyOf:(id)=>history.of(5,id),seconds:1,raw:undefined,recreated:new Set(),events:log.all(),gasps:[],age:0,message:undefined},200,60);
   for(const p of [view.header,view.table,...view.panes]) for(const l of p.lines) renderLine(l,p.area.width,theme); const t4=(process.cpuUsage().user+process.cpuUsage().system)/1000;
   times.push(t4-t); parts=[parts[0]!+t1-t,parts[1]!+t2-t1,parts[2]!+t3-t2,parts[3]!+t4-t3]; }
  times.sort((a,b)=>a-b); console.log(state.grouping,state.filter,'p50',times[75]!.toFixed(1),'parts events/history/shown/compose',parts.map(p=>(p/150).toFixed(1)).join(' '));
}
