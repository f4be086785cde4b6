import { render } from 'preact';
import { goLive, reloadAll } from './data/live';
import { followLinks, route } from './data/route';
import { DevicePage } from './pages/device';
import { Lost } from './pages/lost';
import { Today } from './pages/today';
import { Sprite } from './ui/glyphs';

function App() {
  const now = route.value;
  return <><Sprite />{now.page === 'today' ? <Today /> : now.page === 'device' ? <DevicePage key={now.id} id={now.id} /> : <Lost />}</>;
}

const root = document.getElementById('app');
if (!root) throw new Error('index.html has no #app');
render(<App />, root);
document.addEventListener('click', followLinks);
reloadAll();
goLive();
