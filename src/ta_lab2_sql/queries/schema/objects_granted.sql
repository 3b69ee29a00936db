-- What users granted on our views and functions, as statements that grant it again.
SELECT
    'VIEW ' || c.oid::regclass::text, c.oid::regclass::text, acl.privilege_type, r.rolname, acl.is_grantable
FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS acl
JOIN pg_roles AS r ON r.oid = acl.grantee
WHERE c.relkind = 'v' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
    AND acl.grantee <> c.relowner
UNION ALL
SELECT 'ROUTINE ' || p.oid::regprocedure::text, 'ROUTINE ' || p.oid::regprocedure::text, acl.privilege_type,
    r.rolname, acl.is_grantable
FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(p.proacl) AS acl JOIN pg_roles AS r ON r.oid = acl.grantee
WHERE p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
    AND acl.grantee <> p.proowner
