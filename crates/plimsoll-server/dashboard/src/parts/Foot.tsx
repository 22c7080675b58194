import { useQuery } from "@tanstack/react-query";
import { services, stats } from "../api/queries";
import { zone } from "../words/moments";
import { bytes, large } from "../words/numbers";
import { OWN } from "../words/service";

export function Foot({ showKeys }: { showKeys: () => void }) {
  const asked = useQuery(stats());
  const own = useQuery(services()).data?.services.find((one) => one.name === OWN);
  const version = own?.instances?.find((one) => one.version)?.version;
  const store = asked.data?.store;
  const rows = (store?.sealed_rows ?? 0) + (store?.unsealed_rows ?? 0);
  return (
    <footer className="wrap foot">
      <span>Plimsoll {version}</span>
      {store && (
        <span>
          stored: {large(rows)} rows, {bytes(store.disk_bytes)}
        </span>
      )}
      <span>times in {zone()}</span>
      <span>errors: 5xx, panics and bodies that broke off</span>
      <button type="button" onClick={showKeys}>
        <kbd>?</kbd> keys
      </button>
    </footer>
  );
}
